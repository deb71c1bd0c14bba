"""Backend for ``ml.*`` instances: Amazon SageMaker runs the job, we submit it and follow it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_sdt.launch.adoption import ADOPTED
from jupyter_sdt.launch.backend import News, Outcome
from jupyter_sdt.launch.plan import LaunchPlan
from jupyter_sdt.launch.remote_bundle import write_archive
from jupyter_sdt.launch.remote_logs import RemoteLogs
from jupyter_sdt.launch.remote_pace import Pace
from jupyter_sdt.launch.remote_plan import adopted_plan, needs_account, plan_remote
from jupyter_sdt.launch.remote_status import RemoteStatus, closing_notes
from jupyter_sdt.launch.sagemaker import Service, find_region, require_boto3
from jupyter_sdt.launch.service_errors import explain, kind_of
from jupyter_sdt.launch.training_request import SOURCE_ARCHIVE, code_uri_of, split_s3
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

# CloudWatch shows the last lines some seconds after the job has ended.
SETTLE_SECONDS = 2.0
# How long a supervisor tries to stop a job whose directory is gone.
UNSEEN_SECONDS = 600.0
# How often new streams are looked for: before the first was found, and after that.
_STREAM_SECONDS = {False: 5.0, True: 15.0}


class SageMakerBackend:
    """Sends one job to SageMaker and mirrors its phases, logs and metrics into its directory.

    Once the job is created nothing that AWS answers ends the following of it: throttling, expired
    credentials and a lost network are waited out and told in the notes.
    """

    poll_seconds = 0.25
    own_phases = True

    def __init__(
        self, spec: JobSpec, directory: JobDirectory, *, service: Service | None = None
    ) -> None:
        self._spec = spec
        self._directory = directory
        self._service = service or Service(str(spec.sagemaker.get("region") or find_region()))
        self._logs = RemoteLogs(self._service, spec, directory)
        self._status = RemoteStatus()
        self._describing = Pace(first=1.0, longest=12.5)
        self._reading = Pace(first=2.0, longest=2.0)
        self._streams_due = 0.0
        self._created = False
        self._adopted = bool(spec.sagemaker.get(ADOPTED))
        self._stopped = False
        self._unseen_since: float | None = None
        self._notes: dict[str, str] = {}

    def plan(self) -> LaunchPlan:
        """Return the plan with the account still open."""
        require_boto3()
        return adopted_plan(self._spec) if self._adopted else plan_remote(self._spec)

    def prepare(self, plan: LaunchPlan) -> LaunchPlan:
        """Find account and role, make the default bucket, upload the source."""
        if self._adopted:
            return plan
        if needs_account(plan.request):
            plan = plan_remote(self._spec, self._service.account())
        request = dict(plan.request)
        role = str(self._spec.sagemaker.get("role", ""))
        if not role.startswith("arn:"):
            request["RoleArn"] = self._service.role_arn(role.rpartition("/")[2])
        if not self._spec.output_path:
            self._service.ensure_bucket(split_s3(request["OutputDataConfig"]["S3OutputPath"])[0])
        if not self._spec.source_dir.startswith("s3://"):
            self._upload(code_uri_of(request))
        return replace(plan, request=request)

    def submit(self, plan: LaunchPlan) -> None:
        """Send the request; secret variables are put in here and nowhere else."""
        if not self._adopted:
            self._service.create(_with_secrets(plan.request, self._spec.secret_names))
        self._created = True

    def poll(self) -> Outcome | None:
        """Describe and read logs when it is time; the outcome when the service has named one."""
        now = time.monotonic()
        if self._describing.due(now):
            self._describe(now)
        if self._reading.due(now) and not self._status.ended:
            self._read_logs(now)
        if self._abandoned(now):
            return Outcome(exit_code=1, reason="its directory was deleted, AWS is out of reach")
        if not self._status.ended:
            return None
        self._drain_logs()
        return self._status.outcome()

    def news(self) -> News:
        """Return the phases that are new, and what troubles the following."""
        return News(transitions=self._status.take_new(), notes=tuple(self._notes.values()))

    def terminate(self) -> None:
        """Send StopTrainingJob: SIGTERM, two minutes, SIGKILL, as the service does it."""
        self._stop()
        self._describing.hurry()

    def kill(self) -> None:
        """Stop the job if it still runs and was not stopped yet; an adopted one goes on."""
        if self._created and not self._adopted and not self._status.ended:
            self._stop()

    def collect(self) -> tuple[str, ...]:
        """Return what the service counted, and where the model lies."""
        return closing_notes(self._status.described)

    def _upload(self, uri: str) -> None:
        bucket, key = split_s3(uri)
        kms_key = "" if "code_location" in self._spec.sagemaker else self._output_key()
        with tempfile.TemporaryDirectory(dir=self._directory.path) as folder:
            archive = Path(folder) / SOURCE_ARCHIVE
            write_archive(self._spec, self._directory, archive)
            self._service.upload(archive, bucket, key, kms_key=kms_key)

    def _output_key(self) -> str:
        return str(self._spec.sagemaker.get("output_kms_key", ""))

    def _describe(self, now: float) -> None:
        try:
            described = self._service.describe(self._spec.job_name)
        except Exception as error:  # noqa: BLE001 - judged by its kind, never ends the following
            self._trouble("DescribeTrainingJob", error, self._describing, now)
            if kind_of(error) == "missing":
                self._status.lose(str(explain(error, resource=self._spec.job_name)))
            return
        self._notes.pop("DescribeTrainingJob", None)
        self._describing.went_well(now)
        self._status.update(described)

    def _read_logs(self, now: float) -> bool:
        """Copy what is new; False when it could not be read."""
        try:
            if now >= self._streams_due:
                self._streams_due = now + _STREAM_SECONDS[self._logs.found]
                self._logs.find_streams()
            self._logs.copy()
        except Exception as error:  # noqa: BLE001 - logs come later or not at all
            if kind_of(error) == "missing":
                self._reading.went_well(now)  # no stream has been made yet
            else:
                self._trouble("reading the logs", error, self._reading, now)
            return False
        self._notes.pop("reading the logs", None)
        self._reading.went_well(now)
        return True

    def _drain_logs(self) -> None:
        for pause in (0.0, SETTLE_SECONDS):
            time.sleep(pause)
            self._streams_due = 0.0
            self._read_logs(time.monotonic())

    def _trouble(self, what: str, error: Exception, pace: Pace, now: float) -> None:
        kind = kind_of(error)
        if kind == "credentials":
            self._service.renew()
        pace.went_wrong(now)
        if kind != "throttled":
            told = explain(error, resource=f"the job {self._spec.job_name}")
            self._notes[what] = f"{what} fails, the job itself goes on: {told}"

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
            self._notes["StopTrainingJob"] = f"StopTrainingJob fails: {told}"
            if kind_of(error) == "credentials":
                self._service.renew()


def _with_secrets(request: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if not names:
        return dict(request)
    secrets = {name: os.environ[name] for name in names}
    return {**request, "Environment": {**request["Environment"], **secrets}}
