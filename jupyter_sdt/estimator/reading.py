"""What the user wrote -> one dictionary under today's names, copied and with the right types."""

from __future__ import annotations

import copy
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.estimator.keywords import NAMES, OLD_NAMES, ONLY_FOR
from jupyter_sdt.spec.value_checks import (
    BOOLEAN,
    DICTIONARY,
    POSITIVE,
    TEXT,
    TEXTS,
    Check,
    integer_from,
    number_from,
    one_of,
)

_PATHS = (
    *("entry_point", "source_dir", "requirements", "output_path"),
    *("checkpoint_s3_uri", "checkpoint_local_path", "model_uri"),
)
# Ranges are those of the CreateTrainingJob API:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
_CHECKS: dict[str, Check] = {
    **dict.fromkeys(_PATHS, TEXT),
    **dict.fromkeys(("base_job_name", "role", "image_uri", "instance_type", "launcher"), TEXT),
    **dict.fromkeys(("framework_version", "py_version", "transformers_version"), TEXT),
    **dict.fromkeys(("pytorch_version", "tensorflow_version", "training_recipe"), TEXT),
    **dict.fromkeys(("model_channel_name", "code_location", "volume_kms_key"), TEXT),
    **dict.fromkeys(("output_kms_key", "training_plan"), TEXT),
    "training_repository_access_mode": one_of("Platform", "Vpc"),
    "training_repository_credentials_provider_arn": TEXT,
    **dict.fromkeys(("dependencies", "subnets", "security_group_ids"), TEXTS),
    **dict.fromkeys(("container_entry_point", "container_arguments"), TEXTS),
    **dict.fromkeys(("hyperparameters", "environment", "git_config"), DICTIONARY),
    **dict.fromkeys(("recipe_overrides", "instance_placement_config"), DICTIONARY),
    **dict.fromkeys(("use_spot_instances", "enable_network_isolation"), BOOLEAN),
    **dict.fromkeys(("encrypt_inter_container_traffic", "disable_profiler"), BOOLEAN),
    **dict.fromkeys(("disable_output_compression", "enable_sagemaker_metrics"), BOOLEAN),
    **dict.fromkeys(("enable_infra_check", "enable_remote_debug"), BOOLEAN),
    "enable_session_tag_chaining": BOOLEAN,
    "input_mode": one_of("File", "Pipe", "FastFile"),
    "hyperparameter_style": one_of("sagemaker", "json", "switch"),
    **dict.fromkeys(("instance_count", "volume_size"), integer_from(1)),
    **dict.fromkeys(("container_log_level", "max_restarts"), integer_from(0)),
    "keep_alive_period_in_seconds": integer_from(0, 21600),
    "max_retry_attempts": integer_from(1, 30),
    **dict.fromkeys(("max_run", "hang_seconds", "max_wait"), POSITIVE),
    "stop_seconds": number_from(0),
}
# Objects of SageMaker's SDK (sessions, clients) that cannot be copied and are never changed here.
_SHARED = ("sagemaker_session", "compiler_config", "rules", "profiler_config")


def read_keywords(
    positional: Sequence[Any], names: Sequence[str], given: Mapping[str, Any], framework: str
) -> dict[str, Any]:
    """Return the arguments by name; those that are None are left out, all others are copies.

    ``names`` are those of ``positional``. Names of SageMaker's SDK 1.x are accepted with a
    warning. Raises SpecError for an unknown name, with the nearest one, and for a wrong type.
    """
    if len(positional) > len(names):
        raise SpecError(
            f"{len(positional)} positional arguments were given, there are {len(names)}: "
            f"{', '.join(names)}"
        )
    by_place = dict(zip(names, positional, strict=False))
    arguments: dict[str, Any] = dict(by_place)
    for name, value in given.items():
        today = _todays_name(name, value, framework)
        if today is None:
            continue
        if today in arguments:
            raise SpecError(f"{today} is given twice: {arguments[today]!r} and {value!r}")
        arguments[today] = value
    return {name: _checked(name, value) for name, value in arguments.items() if value is not None}


def _todays_name(name: str, value: object, framework: str) -> str | None:
    """The SDK 2.x name of a keyword; None for one that may be dropped."""
    if name in OLD_NAMES:
        _warn(f"{name} is the name of SDK 1.x; use {OLD_NAMES[name]}")
        return OLD_NAMES[name]
    if name == "script_mode":
        _refuse_no_script(value)
        _warn("script_mode is an argument of SDK 1.x; every entry point is a script now")
        return None
    if name not in NAMES:
        raise SpecError(f"unknown argument {name!r}{_hint(name)}", argument=name)
    if value is not None and framework not in ONLY_FOR.get(name, (framework,)):
        owners = " or ".join(ONLY_FOR[name])
        raise SpecError(f"{name}={value!r} belongs to the {owners} estimator", argument=name)
    return name


def _refuse_no_script(script_mode: object) -> None:
    if script_mode is False:
        raise SpecError(
            "script_mode=False (SDK 1.x) has no meaning any more: every entry point is a script",
            argument="script_mode",
        )


def _hint(name: str) -> str:
    near = did_you_mean(name, [*NAMES, *OLD_NAMES])
    old = next((old for old in OLD_NAMES if repr(old) in near), None)
    return f"; did you mean {OLD_NAMES[old]!r}?" if old else near


def _checked(name: str, value: Any) -> Any:
    if name in _PATHS and isinstance(value, os.PathLike):
        value = os.fspath(value)
    if name == "dependencies" and isinstance(value, Sequence) and not isinstance(value, str):
        value = [os.fspath(path) if isinstance(path, os.PathLike) else path for path in value]
    check, right = _CHECKS.get(name, (None, ""))
    if check is not None and not check(value):
        raise SpecError(f"{name}={value!r} must be {right}", argument=name)
    return value if name in _SHARED else _copied(value)


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - anybody's __deepcopy__ may raise anything
        return value


def _warn(message: str) -> None:
    """Warn at the line that called into this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("jupyter_sdt."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
