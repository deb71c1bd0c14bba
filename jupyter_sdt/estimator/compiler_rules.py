"""Rules of SageMaker's training compiler (``compiler_config``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import DistributionError, SpecError
from jupyter_sdt.estimator.placement import Placement
from jupyter_sdt.spec.framework_versions import is_older

_FAMILIES = ("p3", "p3dn", "g4dn", "p4d", "g5")


def check_compiler(arguments: Mapping[str, Any], framework: str, placement: Placement) -> None:
    """Raise SpecError or DistributionError where the compiler cannot be used, or must be."""
    strategy = placement.distribution.strategy
    if not _compiled(arguments.get("compiler_config")):
        if strategy == "pytorchxla":
            raise DistributionError("pytorchxla needs compiler_config", argument="compiler_config")
        return
    _check_place(placement)
    if strategy == "multi_worker_mirrored_strategy":
        raise DistributionError(
            "compiler_config cannot go with multi_worker_mirrored_strategy", argument="distribution"
        )
    if framework in ("huggingface", "pytorch"):
        _check_torch(arguments, framework, strategy)
    version = arguments.get("framework_version")
    if framework == "tensorflow" and version and not is_older(version, "2.12"):
        raise SpecError(
            f"framework_version={version!r}: the training compiler ends with TensorFlow 2.11",
            argument="framework_version",
        )


def _compiled(config: object) -> bool:
    """Whether the compiler is on; SageMaker's own ``TrainingCompilerConfig`` is duck-typed."""
    if config is None:
        return False
    fields = config if isinstance(config, Mapping) else getattr(config, "__dict__", {})
    if "enabled" not in fields:
        raise SpecError(
            f"compiler_config={config!r} must be a TrainingCompilerConfig or a dict with 'enabled'",
            argument="compiler_config",
        )
    # SageMaker's object keeps the hyperparameter it will send: a bool, or JSON text.
    return fields["enabled"] not in (False, "false", "False")


def _check_place(placement: Placement) -> None:
    instance, strategy = placement.instance, placement.distribution.strategy
    if strategy in ("smdataparallel", "modelparallel"):
        raise DistributionError(
            "compiler_config cannot go with smdistributed", argument="distribution"
        )
    if not instance.local and instance.family not in _FAMILIES:
        raise SpecError(
            f"compiler_config: {instance.name} is not one of the instances the compiler knows: "
            f"{', '.join(_FAMILIES)}",
            argument="instance_type",
        )


def _check_torch(arguments: Mapping[str, Any], framework: str, strategy: str) -> None:
    name = "pytorch_version" if framework == "huggingface" else "framework_version"
    version = arguments.get(name)
    if version is None or strategy == "none":
        return
    old = is_older(version, "1.11")
    if old and strategy == "pytorchxla":
        raise DistributionError(
            f"{name}={version!r}: pytorchxla exists from PyTorch 1.11 on", argument="distribution"
        )
    if not old and strategy != "pytorchxla":
        raise DistributionError(
            f"{name}={version!r}: from PyTorch 1.11 on the compiler needs pytorchxla, not "
            f"{strategy}",
            argument="distribution",
        )
