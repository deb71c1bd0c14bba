"""What the tests of SageMaker jobs share: an account as moto serves it, and its logs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_sdt import PyTorch

REGION = "eu-west-1"
ACCOUNT = "123456789012"
BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Training"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
# Whatever a job writes, none of these may be in it.
CANARIES = ("canary-secret-access-key", "canary-session-token", "canary-of-the-user")


@dataclass(frozen=True)
class Account:
    """An empty AWS account; ``client`` makes boto3 clients of it."""

    client: Callable[[str], Any]

    def write_log(self, job_name: str, node: int, lines: list[str]) -> None:
        """Put lines into a node's stream, as SageMaker does while a job runs."""
        logs = self.client("logs")
        stream = f"{job_name}/algo-{node}-1700000000"
        if not logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
            logs.create_log_group(logGroupName=LOG_GROUP)
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now + n, "message": line} for n, line in enumerate(lines)]
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    def sent(self, job_name: str) -> dict[str, Any]:
        """What the service holds of a job."""
        return self.client("sagemaker").describe_training_job(TrainingJobName=job_name)


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
