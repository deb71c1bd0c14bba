"""A rehearsed AWS, and jobs sent to it by boto3 alone."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from aws_support import archive
from support import until

from jupyter_sdt import Estimator
from jupyter_sdt.estimator.specification import Request, make_submission
from jupyter_sdt.launch import local
from jupyter_sdt.launch.remote import lookup
from jupyter_sdt.launch.remote.backend import SageMakerBackend
from jupyter_sdt.launch.submission import submit
from jupyter_sdt.rehearsal import Conditions, Rehearsal, rehearse
from jupyter_sdt.store.job_directory import JobDirectory

ROLE = "arn:aws:iam::123456789012:role/service-role/Training"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"


@dataclass
class Aws:
    """boto3's view of a rehearsal."""

    rehearsal: Rehearsal
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = boto3.client(name)
        return self.clients[name]

    def request(self, name: str, script: str, **changes: Any) -> dict[str, Any]:
        """A request for one small instance whose source is already in S3."""
        code = f"s3://bucket/{name}/sourcedir.tar.gz"
        self.put(code, archive({"train.py": textwrap.dedent(script)}))
        given = {"sagemaker_program": "train.py", "sagemaker_submit_directory": code}
        hyperparameters = given | changes.pop("hyperparameters", {})
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
            "HyperParameters": {key: json.dumps(v) for key, v in hyperparameters.items()},
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **changes,
        }

    def create(self, name: str, script: str = "print('trained')", **changes: Any) -> None:
        self.client("sagemaker").create_training_job(**self.request(name, script, **changes))

    def describe(self, name: str) -> dict[str, Any]:
        return self.client("sagemaker").describe_training_job(TrainingJobName=name)

    def wait(self, name: str, *words: str) -> dict[str, Any]:
        """Wait for one of some phases, or for the end."""
        ends = words or ("Completed", "Failed", "Stopped")

        def reached() -> dict[str, Any] | None:
            told = self.describe(name)
            return told if {told["SecondaryStatus"], told["TrainingJobStatus"]} & {*ends} else None

        return until(reached, 150)

    def put(self, uri: str, content: bytes) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()

    def has(self, uri: str) -> bool:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = self.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)
        return any(entry["Key"] == key for entry in found.get("Contents", ()))

    def log(self, name: str) -> list[str]:
        """The lines of all streams of a job, node by node."""
        logs = self.client("logs")
        try:
            found = logs.describe_log_streams(
                logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/"
            )
        except logs.exceptions.ResourceNotFoundException:  # made with the first job
            return []
        return [
            event["message"]
            for stream in found["logStreams"]
            for event in logs.get_log_events(
                logGroupName=LOG_GROUP, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> Callable[..., JobDirectory]:
    """Sends a job as its supervisor does, in this process, and waits for whatever it looks up."""
    monkeypatch.setattr(lookup, "LONGEST_SECONDS", 60)

    def sent(estimator: Estimator, inputs: Any = None, *, job_name: str) -> JobDirectory:
        request = Request(seconds=1.0, job_name=job_name, inputs=inputs)
        with monkeypatch.context() as patch:
            patch.setattr(local, "start", lambda *_: None)  # no supervisor
            made = submit(make_submission(estimator._arguments, estimator.framework, request))
        backend = SageMakerBackend(made.read_spec(), made)
        backend.submit(backend.prepare(backend.plan()))
        return made

    return sent


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[Callable[..., Aws]]:
    """Makes the account; conditions as keywords."""
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with ExitStack() as stack:

        def make(**conditions: Any) -> Aws:
            given = Conditions(**{"starting_seconds": 0.0, "capacity_seconds": 0.0} | conditions)
            rehearsal = stack.enter_context(rehearse(conditions=given))
            for name, value in rehearsal.environment.items():
                monkeypatch.setenv(name, value)
            made = Aws(rehearsal)
            made.client("s3").create_bucket(Bucket="bucket")
            return made

        yield make
