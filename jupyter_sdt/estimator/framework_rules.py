"""Rules about frameworks, their versions and strategies on SageMaker's own instances.

Local nodes train with what the notebook's environment has; only contradictions count there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import DistributionError, SpecError
from jupyter_sdt.estimator.compiler_rules import check_compiler
from jupyter_sdt.estimator.hardware_rules import check_data_parallel, check_old_gpus
from jupyter_sdt.estimator.placement import Placement
from jupyter_sdt.spec.framework_versions import supported_versions

_EARLIEST_SCRIPT_MODE = (1, 11)


def check_framework(arguments: Mapping[str, Any], framework: str, placement: Placement) -> None:
    """Raise SpecError or DistributionError for what this framework cannot do there."""
    _check_tensorflow_strategy(framework, placement)
    if framework == "huggingface":
        _check_hugging_face(arguments, required=not placement.instance.local)
    check_compiler(arguments, framework, placement)
    if not placement.instance.local:
        _check_image(arguments, framework)
        _check_instance(arguments, framework, placement)
        _check_version(arguments, framework, placement)


def base_framework(arguments: Mapping[str, Any], framework: str) -> tuple[str, str]:
    """The framework that trains and its version: Hugging Face runs on one of two others."""
    if framework != "huggingface":
        return framework, str(arguments.get("framework_version", ""))
    name = "tensorflow" if "tensorflow_version" in arguments else "pytorch"
    return name, str(arguments.get(f"{name}_version", ""))


def _check_tensorflow_strategy(framework: str, placement: Placement) -> None:
    strategy = placement.distribution.strategy
    if strategy == "multi_worker_mirrored_strategy" and framework not in ("tensorflow", ""):
        raise DistributionError(
            f"multi_worker_mirrored_strategy belongs to TensorFlow, not to {framework}; use "
            "torch_distributed",
            argument="distribution",
        )
    if strategy == "smdataparallel" and framework == "mxnet":
        raise DistributionError(
            "smdistributed.dataparallel does nothing for MXNet; use mpi or parameter_server",
            argument="distribution",
        )


def _check_image(arguments: Mapping[str, Any], framework: str) -> None:
    if "image_uri" in arguments or framework == "huggingface":
        return
    wanted = ("framework_version", "py_version") if framework else ("image_uri",)
    for name in wanted:
        if name not in arguments:
            hint = ", or give image_uri" if framework else ": the plain Estimator has no other way"
            raise SpecError(
                f"{name} is missing: it chooses the training image{hint}", argument=name
            )
    version = str(arguments.get("framework_version", "9"))
    first_numbers = tuple(int(word) for word in version.split(".")[:2] if word.isdecimal())
    if framework == "tensorflow" and first_numbers < _EARLIEST_SCRIPT_MODE:
        raise SpecError(
            f"framework_version={version!r}: TensorFlow runs scripts from 1.11 on",
            argument="framework_version",
        )


def _check_instance(arguments: Mapping[str, Any], framework: str, placement: Placement) -> None:
    instance, distribution = placement.instance, placement.distribution
    strategy = distribution.strategy
    if strategy == "torch_distributed" and instance.kind == "cpu":
        raise DistributionError(
            f"torch_distributed on SageMaker needs GPU or Trainium instances, not {instance.name}; "
            "use 'ml.g5.12xlarge', or instance_type='local'",
            argument="instance_type",
        )
    entry_point = str(arguments.get("entry_point", "x.py"))
    if strategy == "torch_distributed" and not entry_point.endswith(".py"):
        # Local nodes can; SageMaker's container hands the file to torchrun, which wants Python.
        raise DistributionError(
            f"entry_point={entry_point!r}: torch_distributed on SageMaker starts only *.py",
            argument="entry_point",
        )
    if strategy == "smdataparallel" and instance.family == "p5" and not distribution.combined_with:
        raise DistributionError(
            f"smdistributed.dataparallel on {instance.name} needs "
            "'torch_distributed': {'enabled': True} beside it",
            argument="distribution",
        )
    if strategy == "modelparallel" and distribution.started_by_mpi and not distribution.parameters:
        raise DistributionError(
            "smdistributed.modelparallel: parameters is empty, nothing would be divided; give "
            "'partitions': 2 or another degree",
            argument="distribution",
        )
    if strategy in ("smdataparallel", "pytorchddp"):
        check_data_parallel(instance, strategy)
    if instance.kind == "neuron":
        _check_trainium(arguments, framework, placement)


def _check_trainium(arguments: Mapping[str, Any], framework: str, placement: Placement) -> None:
    name, distribution = placement.instance.name, placement.distribution
    if placement.instance.family != "trn1" and "image_uri" not in arguments:
        raise SpecError(
            f"image_uri is missing: the one Neuron image that is known, of PyTorch 1.11.0, runs on "
            f"trn1, not on {name}; https://github.com/aws-neuron/deep-learning-containers names "
            "newer ones",
            argument="image_uri",
        )
    if framework not in ("pytorch", ""):
        raise SpecError(f"{name} runs PyTorch only, not {framework}", argument="instance_type")
    if distribution.strategy not in ("none", "torch_distributed"):
        raise DistributionError(
            f"{name} knows torch_distributed only, not {distribution.strategy}",
            argument="distribution",
        )


def _check_version(arguments: Mapping[str, Any], framework: str, placement: Placement) -> None:
    if "image_uri" in arguments:
        return
    base, version = base_framework(arguments, framework)
    check_old_gpus(placement.instance, base, version)
    strategy = placement.distribution.strategy
    supported = supported_versions(strategy, base, placement.instance.kind)
    if supported is not None and version not in supported:
        raise DistributionError(
            f"framework_version={version!r}: {strategy} on {placement.instance.name} exists for "
            f"{base} {supported}",
            argument="framework_version",
        )
    if strategy == "smdataparallel" and str(arguments.get("py_version", "")).startswith("py2"):
        raise DistributionError(
            f"py_version={arguments['py_version']!r}: smdistributed.dataparallel needs py3",
            argument="py_version",
        )


def _check_hugging_face(arguments: Mapping[str, Any], *, required: bool) -> None:
    names = ("pytorch_version", "tensorflow_version")
    given = [name for name in names if name in arguments]
    if len(given) > 1:
        both = " and ".join(f"{name}={arguments[name]!r}" for name in names)
        raise SpecError(f"{both} cannot both be given; keep one", argument=names[0])
    if required and "image_uri" not in arguments:
        for name in ("transformers_version", "py_version"):
            if name not in arguments:
                raise SpecError(f"{name} is missing: it chooses the image", argument=name)
        if not given:
            raise SpecError("pytorch_version or tensorflow_version is missing", argument=names[0])
    _check_same_form(arguments, given)


def _check_same_form(arguments: Mapping[str, Any], given: list[str]) -> None:
    """SageMaker looks images up by 4.26 and 1.13, or by 4.26.0 and 1.13.1, never mixed."""
    transformers = arguments.get("transformers_version")
    for name in given:
        dots = arguments[name].count(".")
        if transformers is not None and transformers.count(".") != dots:
            raise SpecError(
                f"transformers_version={transformers!r} and {name}={arguments[name]!r} must both "
                "be short (4.26, 1.13) or both full (4.26.0, 1.13.1)",
                argument=name,
            )
