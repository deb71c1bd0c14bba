"""What the tests of SageMaker jobs share: a rehearsed account, its logs and buckets."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.rehearsal import Conditions, Rehearsal, rehearse

REGION = "eu-west-1"
ACCOUNT = "123456789012"
BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Training"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
# Whatever a job writes, none of these may be in it.
CANARIES = ("canary-secret-access-key", "canary-session-token", "canary-of-the-user")


@dataclass(frozen=True)
class Account:
    """An AWS account over HTTP; ``client`` makes boto3 clients of it, ``service`` is behind it."""

    client: Callable[[str], Any]
    service: Rehearsal

    def make_bucket(self, name: str) -> None:
        """Where there is none of that name yet."""
        s3 = self.client("s3")
        if name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            place = {"LocationConstraint": REGION}
            s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)

    def make_role(self, name: str, path: str = "/") -> str:
        """The ARN of a role that trusts SageMaker."""
        trust = {"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]}
        made = self.client("iam").create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust)
        )
        return str(made["Role"]["Arn"])

    def write_log(self, stream: str, lines: list[str]) -> None:
        """Put lines into a stream, as SageMaker does while a job runs."""
        logs = self.client("logs")
        there = logs.exceptions.ResourceAlreadyExistsException
        with contextlib.suppress(there):
            logs.create_log_group(logGroupName=LOG_GROUP)
        with contextlib.suppress(there):
            logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    def sent(self, job_name: str) -> dict[str, Any]:
        """What the service holds of a job."""
        return self.client("sagemaker").describe_training_job(TrainingJobName=job_name)


def credentials_of_nobody(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Set canaries for credentials, and no configuration of this machine's user."""
    patch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARYCANARYCANA")
    patch.setenv("AWS_SECRET_ACCESS_KEY", CANARIES[0])
    patch.setenv("AWS_SESSION_TOKEN", CANARIES[1])
    patch.setenv("AWS_REGION", REGION)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        patch.setenv(name, str(folder / "none"))


@contextmanager
def serving(patch: pytest.MonkeyPatch, **conditions: Any) -> Iterator[Account]:
    """An account with the bucket ``out``."""
    given = Conditions(**{"starting_seconds": 0.0} | conditions)
    with rehearse(conditions=given, region=REGION) as service:
        patch.setenv("AWS_ENDPOINT_URL", service.url)
        made = Account(lambda name: boto3.client(name, region_name=REGION), service)
        made.make_bucket("out")
        yield made


def remote(script: Any, **arguments: Any) -> PyTorch:
    """An Estimator for two instances; ``arguments`` change it."""
    given = {
        "entry_point": script and str(script),
        "role": ROLE,
        "instance_type": "ml.g5.xlarge",
        "instance_count": 2,
        "framework_version": "2.5.1",
        "py_version": "py311",
        **arguments,
    }
    return PyTorch(**{name: value for name, value in given.items() if value is not None})


def record(rank: int, step: int, **values: float) -> str:
    """A line that our runtime prints inside an image."""
    told = json.dumps(values, separators=(",", ":"))
    return f'{{"time":1.5,"rank":{rank},"step":{step},"source":"script","values":{told}}}'


def archive(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            made.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()
