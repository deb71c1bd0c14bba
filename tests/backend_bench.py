"""A SageMakerBackend whose service is a list of answers."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import boto3
from aws_support import REGION, ROLE
from botocore.stub import Stubber

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.remote.backend import SageMakerBackend
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.launch.remote.training_request import Place, training_request
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory, job_directory

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Bench:
    """A backend whose job is created, and stubs that hold the service's next answers."""

    def __init__(self, job_name: str = "job", **fields) -> None:
        spec = JobSpec(
            job_name=job_name,
            entry_point="train.py",
            python="python",
            created_seconds=time.time(),
            instance_type="ml.g5.xlarge",
            sagemaker={"role": ROLE, "image_uri": "image"},
            **fields,
        )
        self.directory: JobDirectory = job_directory(job_name)
        self.directory.create()
        service = Service(REGION)
        clients = {name: boto3.client(name, region_name=REGION) for name in ("sagemaker", "logs")}
        self.sagemaker, self.logs = (Stubber(client) for client in clients.values())
        service.__dict__.update({f"_{name}": client for name, client in clients.items()})
        self.renewed = 0
        service.renew = self._renew  # the stubs must stay
        service.client = _nobody  # no other service is there
        self.backend = SageMakerBackend(spec, self.directory, service=service)
        self.request = training_request(spec, Place(region=REGION, program="train.py", account="1"))
        for stub in (self.sagemaker, self.logs):
            stub.activate()

    def _renew(self) -> None:
        self.renewed += 1

    def create(self, plan) -> None:
        self.sagemaker.add_response("create_training_job", {"TrainingJobArn": "arn:aws:x"})
        self.backend.submit(plan)

    def describe(self, status: str, secondary: str, *phases: str, **other) -> None:
        transitions = [
            {"Status": phase, "StartTime": FIRST.replace(minute=number), "StatusMessage": ""}
            for number, phase in enumerate(phases)
        ]
        answer = {
            "TrainingJobName": "job",
            "TrainingJobArn": "arn:aws:sagemaker:x",
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary,
            "SecondaryStatusTransitions": transitions,
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b/m"},
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "ResourceConfig": {"VolumeSizeInGB": 30},
            "StoppingCondition": {},
            "CreationTime": FIRST,
            **other,
        }
        self.sagemaker.add_response("describe_training_job", answer)

    def no_logs(self, times: int = 1) -> None:
        for _ in range(times):
            self.logs.add_client_error("describe_log_streams", "ResourceNotFoundException")

    def poll(self):
        """One look, however soon after the last."""
        self.backend.follower.hurry()
        return self.backend.poll()


def _nobody(name: str, *_: object, **__: object) -> None:
    raise LaunchError(f"{name} is not there")


def plan_of(bench: Bench):
    return LaunchPlan(job_name="job", launcher="sagemaker", world_size=1, request=bench.request)
