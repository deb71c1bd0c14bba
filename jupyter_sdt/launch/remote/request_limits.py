"""The limits of CreateTrainingJob, read from the service's own description that botocore brings.

botocore itself checks only what is required, types and least sizes; the service would refuse the
rest minutes later. Without botocore nothing is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.launch.remote.service import shared_loader
from jupyter_sdt.launch.remote.training_request import ACCOUNT

_SAMPLE_ACCOUNT = "000000000000"
# Parts of the request -> the Estimator's argument they come from; the longest match counts.
_ARGUMENTS = {
    "TrainingJobName": "job_name",
    "AlgorithmSpecification": "image_uri",
    "AlgorithmSpecification.TrainingInputMode": "input_mode",
    "AlgorithmSpecification.MetricDefinitions": "metric_definitions",
    "AlgorithmSpecification.ContainerEntrypoint": "container_entry_point",
    "AlgorithmSpecification.ContainerArguments": "container_arguments",
    "RoleArn": "role",
    "HyperParameters": "hyperparameters",
    "InputDataConfig": "inputs",
    "OutputDataConfig": "output_path",
    "OutputDataConfig.KmsKeyId": "output_kms_key",
    "AlgorithmSpecification.TrainingImageConfig": "training_repository_access_mode",
    "ResourceConfig.InstanceGroups": "instance_groups",
    "ResourceConfig.InstanceCount": "instance_count",
    "ResourceConfig.InstanceType": "instance_type",
    "ResourceConfig.VolumeSizeInGB": "volume_size",
    "ResourceConfig.VolumeKmsKeyId": "volume_kms_key",
    "ResourceConfig.KeepAlivePeriodInSeconds": "keep_alive_period_in_seconds",
    "ResourceConfig.TrainingPlanArn": "training_plan",
    "ResourceConfig.InstancePlacementConfig": "instance_placement_config",
    "StoppingCondition.MaxRuntimeInSeconds": "max_run",
    "StoppingCondition.MaxWaitTimeInSeconds": "max_wait",
    "VpcConfig.Subnets": "subnets",
    "VpcConfig.SecurityGroupIds": "security_group_ids",
    "CheckpointConfig.S3Uri": "checkpoint_s3_uri",
    "CheckpointConfig.LocalPath": "checkpoint_local_path",
    "Environment": "environment",
    "Tags": "tags",
    "ExperimentConfig": "experiment_config",
    "RetryStrategy": "max_retry_attempts",
    "DebugHookConfig": "debugger_hook_config",
    "ProfilerConfig": "profiler_config",
    "TensorBoardOutputConfig": "tensorboard_output_config",
    "DebugRuleConfigurations": "rules",
}


def check_limits(request: Mapping[str, Any]) -> None:
    """Raise SpecError for the first value that the service would refuse."""
    shape = _request_shape()
    if shape is None:
        return
    for path, reason in _problems(shape, request, ""):
        argument = argument_of(path)
        raise SpecError(f"{argument}: {reason} ({path} of CreateTrainingJob)", argument=argument)


def argument_of(path: str) -> str:
    """The Estimator's argument behind a part of the request."""
    found = [
        name for name in _ARGUMENTS if path == name or path.startswith((f"{name}.", f"{name}["))
    ]
    return _ARGUMENTS[max(found, key=len)] if found else path


@cache
def _request_shape() -> Any:
    try:
        from botocore.model import ServiceModel  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return None
    model = ServiceModel(shared_loader().load_service_model("sagemaker", "service-2"))
    return model.operation_model("CreateTrainingJob").input_shape


def _problems(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield path and reason of everything in ``value`` that ``shape`` does not allow."""
    checks = {"structure": _structure, "list": _list, "map": _map, "string": _string}
    if check := checks.get(shape.type_name):
        yield from check(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _number(shape, value, path)
    elif shape.type_name == "boolean" and not isinstance(value, bool):
        yield path, f"{value!r} must be True or False"


def _structure(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield path, f"{value!r} must be a dict"
        return
    for name in shape.required_members:
        if name not in value:
            yield _below(path, name), f"{name} is missing"
    for name, member in value.items():
        if name in shape.members:
            yield from _problems(shape.members[name], member, _below(path, name))
        else:
            hint = did_you_mean(name, shape.members)
            yield _below(path, name), f"the installed boto3 knows no {name!r}{hint}"


def _list(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, (list, tuple)):
        yield path, f"{value!r} must be a list"
        return
    yield from _size(shape, len(value), path, "entries")
    for number, item in enumerate(value):
        yield from _problems(shape.member, item, f"{path}[{number}]")


def _map(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield path, f"{value!r} must be a dict"
        return
    yield from _size(shape, len(value), path, "entries")
    for key, item in value.items():
        yield from _problems(shape.key, key, f"{path}[{key!r}]")
        yield from _problems(shape.value, item, f"{path}[{key!r}]")


def _string(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield path, f"{value!r} must be a str"
        return
    text = value.replace(ACCOUNT, _SAMPLE_ACCOUNT)
    yield from _size(shape, len(text), path, f"characters in {value!r:.60}")
    if shape.enum and text not in shape.enum:
        hint = did_you_mean(text, shape.enum) or f"; known: {', '.join(shape.enum[:8])}"
        yield path, f"{value!r} is not among the {len(shape.enum)} values that boto3 knows{hint}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, text):
        yield path, f"{value!r:.80} must match {pattern}"


def _number(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    whole = shape.type_name in ("integer", "long")
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        yield path, f"{value!r} must be {'an integer' if whole else 'a number'}"
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield path, f"{value} must be at least {least}"
    if most is not None and value > most:
        yield path, f"{value} must be at most {most}"


def _size(shape: Any, size: int, path: str, what: str) -> Iterator[tuple[str, str]]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if size < least:
        yield path, f"{size} {what}, at least {least} are needed"
    if most is not None and size > most:
        yield path, f"{size} {what}, at most {most} are allowed"


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # \p{L} and its like: the service will judge
        return None


def _matches(pattern: str, text: str) -> bool:
    compiled = _compile(pattern)
    return compiled is None or compiled.fullmatch(text) is not None


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
