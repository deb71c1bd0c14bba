"""What SageMaker would refuse about several arguments together, refused before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.keywords import DEFAULTS
from jupyter_sdt.launch.source.git_source import read_git_config
from jupyter_sdt.spec.instances import Instance

_LONGEST_RUN = 28 * 86400  # seconds, SageMaker's own limit


def check_arguments(arguments: Mapping[str, Any], instance: Instance) -> None:
    """Raise SpecError for combinations that cannot be right on ``instance``."""
    check_spot(arguments)
    check_network(arguments)
    check_registry(arguments)
    check_tags(arguments.get("tags"))
    if "git_config" in arguments:
        read_git_config(arguments["git_config"])
    if not instance.local:
        check_service(arguments)


def check_spot(arguments: Mapping[str, Any]) -> None:
    """Managed spot training: max_wait there, and long enough; no warm pool beside it."""
    spot, max_wait = arguments.get("use_spot_instances", False), arguments.get("max_wait")
    max_run = arguments.get("max_run", DEFAULTS["max_run"])
    if spot and max_wait is None:
        raise _wrong("max_wait", f"use_spot_instances=True needs max_wait of at least {max_run} s")
    if max_wait is not None and not spot:
        raise _wrong("max_wait", f"max_wait={max_wait} needs use_spot_instances=True")
    if max_wait is not None and max_wait < max_run:
        raise _wrong(
            "max_wait",
            f"max_wait={max_wait} must be at least max_run={max_run}: it includes training",
        )
    kept = arguments.get("keep_alive_period_in_seconds")
    if spot and kept:
        raise _wrong(
            "keep_alive_period_in_seconds",
            f"keep_alive_period_in_seconds={kept} and use_spot_instances=True exclude each other",
        )


def check_network(arguments: Mapping[str, Any]) -> None:
    """Subnets and security groups come together, and not too many of them."""
    limits = {"subnets": 16, "security_group_ids": 5}
    given = [name for name in limits if arguments.get(name)]
    if len(given) == 1:
        other = next(name for name in limits if name not in given)
        raise _wrong(other, f"{given[0]}={arguments[given[0]]!r} needs {other} too")
    for name in given:
        if len(arguments[name]) > limits[name]:
            raise _wrong(name, f"{name}: {len(arguments[name])} given, at most {limits[name]}")


def check_registry(arguments: Mapping[str, Any]) -> None:
    """A registry of one's own: in a VPC, and its credentials only with it."""
    mode = arguments.get("training_repository_access_mode")
    if mode == "Vpc" and not arguments.get("subnets"):
        raise _wrong("subnets", "training_repository_access_mode='Vpc' needs subnets and groups")
    name = "training_repository_credentials_provider_arn"
    if name in arguments and mode != "Vpc":
        raise _wrong(name, f"{name} needs training_repository_access_mode='Vpc', not {mode!r}")


def check_tags(tags: object) -> None:
    """Tags are a list of {"Key", "Value"}, or a dict; at most 50."""
    if tags is None:
        return
    if isinstance(tags, Mapping):
        pairs = list(tags.items())
    elif isinstance(tags, list) and all(isinstance(tag, Mapping) for tag in tags):
        pairs = [(tag.get("Key"), tag.get("Value")) for tag in tags]
    else:
        raise _wrong("tags", f'tags={tags!r} must be a list of {{"Key": ..., "Value": ...}}')
    for key, value in pairs:
        if not isinstance(key, str) or not isinstance(value, str):
            raise _wrong("tags", f"tags: Key={key!r} and Value={value!r} must be str")
    if len(pairs) > 50:
        raise _wrong("tags", f"tags: {len(pairs)} given, at most 50")


def check_service(arguments: Mapping[str, Any]) -> None:
    """What only a job on SageMaker's own instances needs."""
    if "role" not in arguments:
        raise _wrong("role", "role is missing: ml.* instances need an execution role")
    if "checkpoint_local_path" in arguments and "checkpoint_s3_uri" not in arguments:
        raise _wrong(
            "checkpoint_s3_uri",
            f"checkpoint_local_path={arguments['checkpoint_local_path']!r} needs "
            "checkpoint_s3_uri: without it nothing is kept",
        )
    for name in ("max_run", "max_wait"):
        seconds = arguments.get(name, 1)
        if not isinstance(seconds, int) or seconds > _LONGEST_RUN:
            raise _wrong(
                name, f"{name}={seconds} must be an integer up to {_LONGEST_RUN} (28 days)"
            )


def _wrong(argument: str, reason: str) -> SpecError:
    return SpecError(reason, argument=argument)
