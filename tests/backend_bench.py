"""A SageMakerBackend and its job on a rehearsed service, moved from phase to phase by hand."""

from __future__ import annotations

import time

from aws_support import REGION, ROLE

from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.remote.backend import SageMakerBackend
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.launch.remote.training_request import Place, training_request
from jupyter_sdt.rehearsal import Rehearsal
from jupyter_sdt.rehearsal.training_job import RehearsedJob
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory, job_directory


class Bench:
    """A backend, and the service that it talks to over HTTP; bucket ``out`` must be there."""

    def __init__(self, rehearsal: Rehearsal, job_name: str, **fields) -> None:
        given = {"role": ROLE, "image_uri": "image", **fields.pop("sagemaker", {})}
        spec = JobSpec(
            job_name=job_name,
            entry_point="train.py",
            python="python",
            created_seconds=time.time(),
            instance_type="ml.g5.xlarge",
            output_path="s3://out/models",
            sagemaker=given,
            **fields,
        )
        self.rehearsal, self.name = rehearsal, job_name
        self.directory: JobDirectory = job_directory(job_name)
        self.directory.create()
        # boto3 itself tries nothing twice, so that each answer is one of the service's.
        service = Service(REGION, patient=False)
        self.backend = SageMakerBackend(spec, self.directory, service=service)
        self.request = training_request(spec, Place(region=REGION, program="train.py", account="1"))
        self._before = len(rehearsal.calls)

    @property
    def job(self) -> RehearsedJob:
        """The job as the service holds it."""
        return self.rehearsal.job(self.name)

    def create(self) -> Bench:
        plan = LaunchPlan(
            job_name=self.name, launcher="sagemaker", world_size=1, request=self.request
        )
        self.backend.submit(plan)
        return self

    def enter(self, *phases: str, reason: str = "") -> None:
        for phase in phases:
            self.rehearsal.enter(self.name, phase, reason)

    def refuse(self, operation: str, code: str, message: str = "", times: int = 1) -> None:
        self.rehearsal.refuse(operation, code, message, times=times)

    def count(self, operation: str) -> int:
        """How often an operation was asked for since the bench was made."""
        return list(self.rehearsal.calls)[self._before :].count(operation)

    def poll(self):
        """One look, however soon after the last."""
        self.backend.follower.hurry()
        return self.backend.poll()
