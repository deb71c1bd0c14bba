"""The ``InputDataConfig`` of a CreateTrainingJob request, and what its channels cannot be.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.job_spec import Channel, JobSpec

CODE_CHANNEL = "code"
_MODEL_CONTENT_TYPE = "application/x-sagemaker-model"


def input_data_config(spec: JobSpec, code: str) -> list[dict[str, Any]]:
    """Return the job's channels; ``code`` is the URI of its archive, empty without a script.

    A container that is isolated from the network cannot fetch the archive, so it comes as a
    channel. Raises SpecError for what the service refuses.
    """
    for channel in spec.channels:
        _check(channel, spec)
    channels = [_channel(channel, spec) for channel in spec.channels]
    return [*channels, _code_channel(code)] if code and isolated(spec) else channels


def isolated(spec: JobSpec) -> bool:
    """Whether the container reaches no network, S3 included."""
    return bool(spec.sagemaker.get("enable_network_isolation"))


def _code_channel(code: str) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": code,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": CODE_CHANNEL, "DataSource": {"S3DataSource": source}}


def _channel(channel: Channel, spec: JobSpec) -> dict[str, Any]:
    configured = {
        "ChannelName": channel.name,
        "DataSource": _data_source(channel),
        "CompressionType": channel.compression,
        "ContentType": channel.content_type,
        "RecordWrapperType": channel.record_wrapping,
        "InputMode": _input_mode(channel, spec),
        "ShuffleConfig": None if channel.shuffle_seed is None else {"Seed": channel.shuffle_seed},
    }
    if _is_model(channel, spec):
        configured |= {"ContentType": _MODEL_CONTENT_TYPE, "InputMode": "File"}
    return {name: value for name, value in configured.items() if value}


def _data_source(channel: Channel) -> dict[str, Any]:
    given = channel.sagemaker
    if "FileSystemDataSource" in given:
        return {"FileSystemDataSource": dict(given["FileSystemDataSource"])}
    source = {
        "S3DataType": given.get("s3_data_type", "S3Prefix"),
        "S3Uri": channel.uri,
        "S3DataDistributionType": channel.distribution,
        "AttributeNames": given.get("attribute_names"),
        "InstanceGroupNames": given.get("instance_groups"),
    }
    return {"S3DataSource": {name: value for name, value in source.items() if value}}


def _input_mode(channel: Channel, spec: JobSpec) -> str | None:
    """Only where it differs from that of the whole job; file systems have but one."""
    if "FileSystemDataSource" in channel.sagemaker:
        return None
    return channel.input_mode if channel.input_mode != job_input_mode(spec) else None


def job_input_mode(spec: JobSpec) -> str:
    """The Estimator's ``input_mode``."""
    return str(spec.sagemaker.get("input_mode", "File"))


def _is_model(channel: Channel, spec: JobSpec) -> bool:
    name = spec.sagemaker.get("model_channel_name", "model")
    return "model_uri" in spec.sagemaker and channel.name == name


def _check(channel: Channel, spec: JobSpec) -> None:
    kind, mode = channel.sagemaker.get("s3_data_type", "S3Prefix"), channel.input_mode
    if channel.name == CODE_CHANNEL and isolated(spec):
        raise _wrong(channel, "has the name under which an isolated container gets its code")
    if "target_attribute_name" in channel.sagemaker:
        raise _wrong(channel, "has target_attribute_name, which training jobs do not know")
    if "FileSystemDataSource" in channel.sagemaker:
        if not spec.sagemaker.get("subnets"):
            needed = "subnets and security_group_ids"
            raise _wrong(channel, f"is on a file system in a VPC: give {needed}", "subnets")
    elif kind == "AugmentedManifestFile" and mode != "Pipe":
        raise _wrong(channel, f"is an AugmentedManifestFile in mode {mode}; it needs 'Pipe'")
    elif kind != "S3Prefix" and mode == "FastFile":
        raise _wrong(channel, f"is a {kind}, FastFile reads S3Prefix only; use 'File'")
    _check_groups(channel, spec.sagemaker)


def _check_groups(channel: Channel, arguments: Mapping[str, Any]) -> None:
    known = [group["instance_group_name"] for group in arguments.get("instance_groups", ())]
    for name in channel.sagemaker.get("instance_groups", ()):
        if name not in known:
            there = ", ".join(known) or "none"
            raise _wrong(channel, f"names the instance group {name!r}; there are {there}")


def _wrong(channel: Channel, reason: str, argument: str = "inputs") -> SpecError:
    return SpecError(f"inputs[{channel.name!r}] {reason}", argument=argument)
