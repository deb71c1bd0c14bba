"""What the service refuses at once, with its error codes and in the form of its messages.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html#API_CreateTrainingJob_Errors
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.described_spec import instances_of
from jupyter_sdt.launch.remote.request_limits import check_limits
from jupyter_sdt.launch.remote.training_request import split_s3

_NEEDED = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
_WARM_POOL = "KeepAlivePeriodInSeconds"


@dataclass
class RefusedError(Exception):
    """An answer that is an error: its code and its text."""

    code: str
    message: str


def check_request(request: Mapping[str, Any]) -> None:
    """Refuse what contradicts the service's model, and what its own rules forbid."""
    for name in _NEEDED:
        if name not in request and "ServerlessJobConfig" not in request:
            raise _invalid(f"{name} is a required parameter")
    try:
        check_limits(request)
    except SpecError as error:
        raise _invalid(f"1 validation error detected: {error}") from None
    _check_spot(request)
    _check_resources(request["ResourceConfig"])
    _check_channels(request)


def check_name(name: str, taken: Iterable[str], arn: str) -> None:
    """Refuse a name that any earlier job of the account and region has."""
    if name in taken:
        raise RefusedError(
            "ResourceInUse", f"Job name must be unique within an AWS account and region: {arn}"
        )


def check_quota(
    request: Mapping[str, Any], quotas: Mapping[str, int], in_use: Mapping[str, int]
) -> None:
    """Refuse more instances of a type than the account may use at once."""
    for kind, count in instances_of(request).items():
        limit, used = quotas.get(kind), in_use.get(kind, 0)
        if limit is not None and used + count > limit:
            raise RefusedError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{kind} for training job usage' is {limit} "
                f"Instances, with current utilization of {used} Instances and a request delta of "
                f"{count} Instances. Please use AWS Service Quotas to request an increase.",
            )


def check_role(role_arn: str, trust: str) -> None:
    """Refuse a role that SageMaker may not assume; ``trust`` is its policy, empty for no role."""
    if "sagemaker.amazonaws.com" not in trust:
        raise _invalid(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
            "principal 'sagemaker.amazonaws.com' to assume the role."
        )


def check_buckets(request: Mapping[str, Any], regions: Mapping[str, str], region: str) -> None:
    """Refuse places for results in buckets that do not exist or lie in another region.

    ``regions`` are those of the account's buckets.
    """
    places = {
        "OutputDataConfig.S3OutputPath": request["OutputDataConfig"]["S3OutputPath"],
        "CheckpointConfig.S3Uri": request.get("CheckpointConfig", {}).get("S3Uri"),
    }
    for where, uri in places.items():
        if uri is None:
            continue
        bucket = split_s3(uri)[0]
        if bucket not in regions:
            raise _invalid(f"{where}: the bucket {bucket} does not exist")
        if regions[bucket] != region:
            raise _invalid(
                f"{where}: the bucket {bucket} is in region {regions[bucket]}, the job in {region}"
            )


def _check_spot(request: Mapping[str, Any]) -> None:
    stopping, spot = request["StoppingCondition"], request.get("EnableManagedSpotTraining")
    longest, wait = stopping.get("MaxRuntimeInSeconds", 86400), stopping.get("MaxWaitTimeInSeconds")
    if spot and wait is None:
        raise _invalid("MaxWaitTimeInSeconds is required when EnableManagedSpotTraining is true")
    if spot and wait < longest:
        raise _invalid(
            f"Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            f"MaxRuntimeInSeconds: {wait} is below {longest}"
        )
    if not spot and wait is not None:
        raise _invalid(
            "MaxWaitTimeInSeconds above 0 is not supported when EnableManagedSpotTraining is false"
        )
    if spot and request["ResourceConfig"].get(_WARM_POOL):
        raise _invalid(f"{_WARM_POOL} is not supported with EnableManagedSpotTraining")


def _check_resources(resources: Mapping[str, Any]) -> None:
    groups = resources.get("InstanceGroups")
    single = [name for name in ("InstanceType", "InstanceCount") if name in resources]
    if groups and single:
        raise _invalid(f"InstanceGroups and {single[0]} cannot both be given in ResourceConfig")
    if not groups and len(single) < 2:
        raise _invalid("InstanceType and InstanceCount are required in ResourceConfig")


def _check_channels(request: Mapping[str, Any]) -> None:
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _invalid(f"Channel names must be unique: {', '.join(sorted(twice))}")
    systems = [
        channel["ChannelName"]
        for channel in request.get("InputDataConfig", ())
        if "FileSystemDataSource" in channel.get("DataSource", {})
    ]
    for channel in request.get("InputDataConfig", ()):
        _check_channel(channel, str(request["AlgorithmSpecification"].get("TrainingInputMode")))
    if systems and not request.get("VpcConfig"):
        raise _invalid(f"A VpcConfig is required for the file system of channel {systems[0]!r}")


def _check_channel(channel: Mapping[str, Any], usual: str) -> None:
    """What a kind of data cannot be read as."""
    name, mode = channel["ChannelName"], channel.get("InputMode", usual)
    source = channel["DataSource"].get("S3DataSource", {})
    kind = source.get("S3DataType")
    if kind == "AugmentedManifestFile" and (mode != "Pipe" or not source.get("AttributeNames")):
        raise _invalid(
            f"Channel {name!r}: AugmentedManifestFile needs InputMode Pipe and AttributeNames"
        )
    if mode == "FastFile" and kind != "S3Prefix":
        raise _invalid(f"Channel {name!r}: FastFile supports the S3DataType S3Prefix only")


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationException", message)
