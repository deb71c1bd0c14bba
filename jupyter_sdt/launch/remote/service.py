"""Calls to AWS: the only file that names boto3, which is imported when the first call is made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.service_errors import code_of, explain
from jupyter_sdt.spec.job_spec import JobSpec

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
METRIC_NAMESPACE = LOG_GROUP  # of CloudWatch's metrics; SageMaker gave both one name
_BUCKET_REGION = "x-amz-bucket-region"
_HERE = ("127.0.0.1", "localhost", "::1")
_REGION_NAMES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_DATA_PATH = "AWS_DATA_PATH"  # a folder with the user's own descriptions of services


def require_boto3() -> None:
    """Raise LaunchError when boto3 is not installed."""
    if find_spec("boto3") is None:
        raise LaunchError(
            "ml.* instances and s3:// channels need boto3, which is not installed; install it with "
            "pip install 'jupyter-sdt[sagemaker]', or use instance_type='local' and paths"
        )


def find_region() -> str:
    """The region of the environment or of AWS's configuration; nothing is called.

    Raises LaunchError when there is none.
    """
    region = next((os.environ[name] for name in _REGION_NAMES if os.environ.get(name)), None)
    if region is None and find_spec("boto3") is not None:
        with explained("the configuration of AWS"):
            import boto3  # noqa: PLC0415

            region = boto3.Session().region_name
    if region is None:
        raise LaunchError(
            "no AWS region is set; set AWS_REGION=eu-west-1, or say 'aws configure set region "
            "eu-west-1', https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html"
        )
    return str(region)


def region_of(spec: JobSpec) -> str:
    """The region of a job on ``ml.*`` instances: its session's, else :func:`find_region`'s."""
    return str(spec.sagemaker.get("region") or find_region())


@dataclass(frozen=True)
class LogPage:
    """Events of one log stream (milliseconds, text), and the token that leads on."""

    events: tuple[tuple[int, str], ...]
    token: str


@dataclass
class Service:
    """The AWS account of the environment, in one region. Methods raise LaunchError.

    Those that make or follow a job (create, describe, stop, logs), and those that only look
    (identity to security_groups), raise boto3's own errors, for
    :func:`~jupyter_sdt.launch.remote.service_errors.kind_of` to tell what can be waited for.
    """

    region: str
    patient: bool = True  # else its clients give up after some seconds

    @cached_property
    def session(self) -> Any:
        """A session with the credentials of this moment."""
        import boto3  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        core = Session()
        if _DATA_PATH not in os.environ:
            core.register_component("data_loader", shared_loader())
        return boto3.Session(botocore_session=core, region_name=self.region)

    def renew(self) -> None:
        """Look for credentials again, in files that may have been renewed."""
        for name in ("session", "s3", "_sagemaker", "_logs"):
            self.__dict__.pop(name, None)

    @property
    def rehearsed(self) -> bool:
        """Whether SageMaker is led to this machine, by ``AWS_ENDPOINT_URL`` or a configuration."""
        return urlsplit(self._sagemaker.meta.endpoint_url).hostname in _HERE

    def account(self) -> str:
        """The number of the account."""
        with explained("your AWS account"):
            return str(self.client("sts").get_caller_identity()["Account"])

    def role_arn(self, name: str) -> str:
        """The ARN of a role given by name."""
        with explained(f"role={name!r}"):
            return str(self.role(name)["Arn"])

    def ensure_bucket(self, name: str) -> None:
        """Create a bucket that does not exist yet."""
        client = self.s3
        with explained(f"the bucket {name}"):
            try:
                client.head_bucket(Bucket=name)
            except Exception as error:
                if code_of(error) not in ("404", "NoSuchBucket", "NotFound"):
                    raise
                place = {"LocationConstraint": self.region}
                here = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": place}
                client.create_bucket(Bucket=name, **here)

    def upload(self, path: Path, bucket: str, key: str, *, kms_key: str = "") -> None:
        """Write a file to S3."""
        encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        with explained(f"s3://{bucket}/{key}"), path.open("rb") as file:
            self.s3.put_object(Bucket=bucket, Key=key, Body=file, **encrypted)

    def create(self, request: Mapping[str, Any]) -> None:
        """Send CreateTrainingJob."""
        self._sagemaker.create_training_job(**request)

    def describe(self, job_name: str) -> dict[str, Any]:
        """Send DescribeTrainingJob."""
        described = self._sagemaker.describe_training_job(TrainingJobName=job_name)
        return dict(described)

    def stop(self, job_name: str) -> None:
        """Send StopTrainingJob."""
        self._sagemaker.stop_training_job(TrainingJobName=job_name)

    def identity(self) -> dict[str, Any]:
        """Account, Arn and UserId of the credentials."""
        return dict(self.client("sts").get_caller_identity())

    def role(self, name: str) -> dict[str, Any]:
        """What IAM knows of a role."""
        return dict(self.client("iam").get_role(RoleName=name)["Role"])

    def bucket_region(self, name: str) -> str:
        """The region in which a bucket lies, which is told also to who may not look into it."""
        try:
            answer = self.s3.head_bucket(Bucket=name)
        except Exception as error:
            answer = getattr(error, "response", {})
            if _BUCKET_REGION not in answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}):
                raise
        return str(answer["ResponseMetadata"]["HTTPHeaders"].get(_BUCKET_REGION, self.region))

    def quota(self, instance_type: str, use: str) -> float | None:
        """How many instances of a type may be in use at once; None where no quota is listed.

        ``use`` is "training job", "spot training job" or "training warm pool".
        """
        pages = self.client("service-quotas").get_paginator("list_service_quotas")
        for page in pages.paginate(ServiceCode="sagemaker"):
            for quota in page["Quotas"]:
                if quota["QuotaName"] == f"{instance_type} for {use} usage":
                    return float(quota["Value"])
        return None

    def subnets(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Availability zone and VPC of some subnets."""
        found = self.client("ec2").describe_subnets(SubnetIds=list(names))["Subnets"]
        return [(str(subnet["AvailabilityZone"]), str(subnet["VpcId"])) for subnet in found]

    def security_groups(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Id and VPC of some security groups."""
        found = self.client("ec2").describe_security_groups(GroupIds=list(names))["SecurityGroups"]
        return [(str(group["GroupId"]), str(group["VpcId"])) for group in found]

    def log_streams(self, job_name: str) -> Iterator[str]:
        """Yield the names of a job's log streams, however many pages they fill."""
        token: dict[str, str] = {}
        while True:
            page = self._logs.describe_log_streams(
                logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job_name}/", **token
            )
            yield from (stream["logStreamName"] for stream in page["logStreams"])
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def log_page(self, stream: str, token: str = "") -> LogPage:
        """Return what follows ``token``, or the beginning of a stream."""
        place = {"nextToken": token} if token else {}
        page = self._logs.get_log_events(
            logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True, **place
        )
        events = tuple((event["timestamp"], event["message"]) for event in page["events"])
        return LogPage(events, page["nextForwardToken"])

    @cached_property
    def s3(self) -> Any:
        """A client of S3."""
        return self.client("s3")

    @cached_property
    def _sagemaker(self) -> Any:
        return self.client("sagemaker")

    @cached_property
    def _logs(self) -> Any:
        return self.client("logs")

    def client(self, name: str, region: str | None = None) -> Any:
        """A new client."""
        from botocore.config import Config  # noqa: PLC0415

        # Short, because stopping a job must not wait for a call that hangs.
        limits = (10, 60, 5) if self.patient else (2, 5, 1)
        config = Config(
            connect_timeout=limits[0],
            read_timeout=limits[1],
            retries={"mode": "standard", "total_max_attempts": limits[2]},
        )
        with explained("the configuration of AWS"):
            return self.session.client(name, config=config, region_name=region or self.region)


@cache
def shared_loader() -> Any:
    """What botocore knows of services: of SageMaker it takes a tenth of a second to read."""
    from botocore.loaders import Loader  # noqa: PLC0415

    return Loader()


@contextmanager
def explained(resource: str) -> Iterator[None]:
    """Turn what boto3 raises into a LaunchError."""
    try:
        yield
    except Exception as error:
        # Its classes cannot be named without importing it.
        if not type(error).__module__.startswith(("botocore", "boto3")):
            raise
        raise explain(error, resource=resource) from None
