"""Backend for ``ml.*`` instances: Amazon SageMaker runs the job, we submit it and follow it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.backend import News, Outcome
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.remote.adoption import only_followed
from jupyter_sdt.launch.remote.bundle import write_archive
from jupyter_sdt.launch.remote.creation import create_job
from jupyter_sdt.launch.remote.estimate import estimate_cost, typical_seconds
from jupyter_sdt.launch.remote.follower import RemoteFollower
from jupyter_sdt.launch.remote.image_lookup import image_lookup
from jupyter_sdt.launch.remote.places import place_lookup
from jupyter_sdt.launch.remote.plan import followed_plan, needs_account, plan_remote
from jupyter_sdt.launch.remote.service import Service, region_of, require_boto3
from jupyter_sdt.launch.remote.service_errors import explain, kind_of
from jupyter_sdt.launch.remote.training_request import (
    ACCOUNT,
    SOURCE_ARCHIVE,
    code_uri_of,
    split_s3,
)
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

# How long a supervisor tries to stop a job whose directory is gone.
UNSEEN_SECONDS = 600.0


class SageMakerBackend:
    """Sends one job to SageMaker, has it followed into its directory, and stops it."""

    poll_seconds = 0.25
    own_phases = True

    def __init__(
        self, spec: JobSpec, directory: JobDirectory, *, service: Service | None = None
    ) -> None:
        self._spec = spec
        self._directory = directory
        self._service = service or Service(region_of(spec))
        self.follower = RemoteFollower(self._service, spec, directory)
        self._created = False
        self._followed = only_followed(spec)
        self._stopped = False
        self._unseen_since: float | None = None

    def plan(self) -> LaunchPlan:
        """Return the plan with the account still open."""
        require_boto3()
        return followed_plan(self._spec) if self._followed else self._plan(ACCOUNT)

    def prepare(self, plan: LaunchPlan) -> LaunchPlan:
        """Find account and role, make the default bucket, upload the source.

        Meanwhile it is looked up whether buckets lie in the job's region, and images of the user's
        own in ECR.
        """
        if self._followed:
            return plan
        if needs_account(plan.request):
            plan = self._plan(self._service.account())
        request = dict(plan.request)
        image = image_lookup(self._spec, request, self._service.region)
        role = str(self._spec.sagemaker.get("role", ""))
        if not role.startswith("arn:"):
            request["RoleArn"] = self._service.role_arn(role.rpartition("/")[2])
        if not self._spec.output_path:
            self._service.ensure_bucket(split_s3(request["OutputDataConfig"]["S3OutputPath"])[0])
        lookups = [place_lookup(request, self._service), *([image] if image else [])]
        code = code_uri_of(request)
        if code and not self._spec.source_dir.startswith("s3://"):
            self._upload(code)
        for lookup in lookups:
            lookup.check()
        return replace(plan, request=request)

    def submit(self, plan: LaunchPlan) -> None:
        """Send the request; secret variables are put in here and nowhere else.

        Raises LaunchError, also for a job that was stopped while its source travelled.
        """
        if not self._followed:
            if self._directory.stop_file.exists():
                raise LaunchError("it was stopped before anything was sent")
            create_job(self._service, _with_secrets(plan.request, self._spec.secret_names))
        self._created = True

    def poll(self) -> Outcome | None:
        """Describe and read logs when it is time; the outcome when the service has named one."""
        now = time.monotonic()
        self.follower.look(now)
        if self._abandoned(now):
            return Outcome(exit_code=1, reason="its directory was deleted, AWS is out of reach")
        if not self.follower.ended:
            return None
        self.follower.drain()
        return self.follower.status.outcome()

    def news(self) -> News:
        """Return the phases that are new, what troubles the following, and the bill so far."""
        return self.follower.news()

    def terminate(self) -> None:
        """Send StopTrainingJob: SIGTERM, two minutes, SIGKILL, as the service does it."""
        self._stop()
        self.follower.hurry()

    def kill(self) -> None:
        """Stop the job if it still runs and was not stopped yet, unless it is only followed."""
        if self._created and not self._followed and not self.follower.ended:
            self._stop()

    def collect(self) -> tuple[str, ...]:
        """Return what the service counted, what it costs, and where the model lies."""
        return self.follower.closing_notes()

    def _plan(self, account: str) -> LaunchPlan:
        plan = plan_remote(self._spec, account)
        try:
            estimate = estimate_cost(self._spec, self._service.region)
            estimate = replace(estimate, typical_seconds=typical_seconds(self._spec))
        except SpecError as error:  # no price is worth a failure
            return replace(plan, notes=(*plan.notes, str(error)))
        return replace(plan, estimate=estimate, notes=(*plan.notes, f"estimate: {estimate}"))

    def _upload(self, uri: str) -> None:
        bucket, key = split_s3(uri)
        kms_key = "" if "code_location" in self._spec.sagemaker else self._output_key()
        with tempfile.TemporaryDirectory(dir=self._directory.path) as folder:
            archive = Path(folder) / SOURCE_ARCHIVE
            write_archive(self._spec, self._directory, archive)
            self._service.upload(archive, bucket, key, kms_key=kms_key)

    def _output_key(self) -> str:
        return str(self._spec.sagemaker.get("output_kms_key", ""))

    def _abandoned(self, now: float) -> bool:
        """Whether nobody can see this job any more and it cannot be stopped either."""
        if self._directory.path.exists():
            return False
        self._unseen_since = self._unseen_since or now
        return not self._stopped and now - self._unseen_since > UNSEEN_SECONDS

    def _stop(self) -> None:
        if self._stopped or not self._created:
            return
        try:
            self._service.stop(self._spec.job_name)
            self._stopped = True
        except Exception as error:  # noqa: BLE001 - whatever it is, following goes on
            told = explain(error, resource=f"the job {self._spec.job_name}")
            self.follower.note("StopTrainingJob", f"StopTrainingJob fails: {told}")
            if kind_of(error) == "credentials":
                self._service.renew()


def _with_secrets(request: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if not names:
        return dict(request)
    secrets = {name: os.environ[name] for name in names}
    return {**request, "Environment": {**request["Environment"], **secrets}}
