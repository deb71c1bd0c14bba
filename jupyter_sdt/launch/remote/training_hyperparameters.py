"""The ``HyperParameters`` of a CreateTrainingJob request, as SageMaker's SDK 2.x encodes them.

The user's own, and the ``sagemaker_*`` keys that tell the training toolkit in the image what to
start: https://github.com/aws/sagemaker-training-toolkit
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.framework_versions import is_older
from jupyter_sdt.spec.job_spec import JobSpec

_MOST, _LONGEST_VALUE = 100, 2500
_Keys = dict[str, Any]


def encoded_hyperparameters(spec: JobSpec, *, program: str, code: str, region: str) -> _Keys:
    """Return every hyperparameter as text: JSON of each value, strings in quotes.

    ``program`` is the file that the toolkit starts, ``code`` where its archive lies. Without a
    program the image itself is what runs, and gets plain text. Raises SpecError when the keys of
    the toolkit leave no room for the user's, or one is too long.
    """
    if not program:
        return _plain(spec)
    given = {
        **spec.hyperparameters,
        **distribution_keys(spec),
        **_model_dir(spec),
        "sagemaker_submit_directory": code,
        "sagemaker_program": program,
        "sagemaker_container_log_level": spec.sagemaker.get("container_log_level", 20),
        "sagemaker_job_name": spec.job_name,
        "sagemaker_region": region,
    }
    encoded = {name: json.dumps(value) for name, value in given.items()}
    _check_sizes(encoded, len(spec.hyperparameters))
    return encoded


def _plain(spec: JobSpec) -> _Keys:
    """As SageMaker's SDK sends them to images that know nothing of script mode."""
    keys = {name: json.dumps(value) for name, value in distribution_keys(spec).items()}
    encoded = {**{name: str(value) for name, value in spec.hyperparameters.items()}, **keys}
    _check_sizes(encoded, len(spec.hyperparameters))
    return encoded


def distribution_keys(spec: JobSpec) -> _Keys:
    """Return what the strategy, the instance groups and the compiler add."""
    strategy = _STRATEGIES.get(spec.distribution.strategy)
    keys = strategy(spec) if strategy else {}
    if spec.distribution.instance_groups:
        # SageMaker's SDK forgets this for torch_distributed; every group then trains on its own.
        keys["sagemaker_distribution_instance_groups"] = list(spec.distribution.instance_groups)
    return {**keys, **compiler_keys(spec.sagemaker.get("compiler_config"))}


def _smddp(spec: JobSpec) -> _Keys:
    return {
        "sagemaker_distributed_dataparallel_enabled": True,
        "sagemaker_distributed_dataparallel_custom_mpi_options": _mpi_options(spec),
        "sagemaker_instance_type": _instance_type(spec),
    } | _torch_companion(spec)


def _modelparallel(spec: JobSpec) -> _Keys:
    second = spec.distribution.combined_with == "torch_distributed"
    return {
        "mp_parameters": dict(spec.distribution.parameters),
        "sagemaker_distributed_dataparallel_enabled": False,
        "sagemaker_instance_type": _instance_type(spec),
        **(_torch_distributed(spec) if second else _mpi(spec)),
    }


def _mpi(spec: JobSpec) -> _Keys:
    keys: _Keys = {"sagemaker_mpi_enabled": True}
    # The toolkit counts the accelerators itself; only what the user chose is sent.
    if "processes_per_node" in spec.sagemaker:
        keys["sagemaker_mpi_num_of_processes_per_host"] = spec.processes_per_node
    return {**keys, "sagemaker_mpi_custom_mpi_options": _mpi_options(spec)}


def _pytorchddp(spec: JobSpec) -> _Keys:
    """Images of PyTorch 1.10 to 1.13, and Hugging Face's, know a key of its own.

    The others start the same launcher by smddp's keys, which alone carry mpirun's options.
    """
    arguments = spec.sagemaker
    version = str(arguments.get("framework_version", ""))
    own = arguments.get("framework") == "huggingface" or (
        bool(version) and not is_older(version, "1.10") and is_older(version, "2.0")
    )
    if own and not spec.distribution.mpi_options:
        return {
            "sagemaker_pytorch_ddp_enabled": True,
            "sagemaker_instance_type": _instance_type(spec),
        }
    return _smddp(spec)


def _torch_distributed(spec: JobSpec) -> _Keys:
    kind = _instance_type(spec)
    return {
        "sagemaker_torch_distributed_enabled": True,
        **({"sagemaker_instance_type": kind} if kind else {}),
    }


def _torch_companion(spec: JobSpec) -> _Keys:
    companion = spec.distribution.combined_with == "torch_distributed"
    return {"sagemaker_torch_distributed_enabled": True} if companion else {}


_STRATEGIES: Mapping[str, Callable[[JobSpec], _Keys]] = {
    "smdataparallel": _smddp,
    "modelparallel": _modelparallel,
    "mpi": _mpi,
    "pytorchddp": _pytorchddp,
    "torch_distributed": _torch_distributed,
    "parameter_server": lambda _: {"sagemaker_parameter_server_enabled": True},
    "multi_worker_mirrored_strategy": lambda _: {
        "sagemaker_multi_worker_mirrored_strategy_enabled": True
    },
    "pytorchxla": lambda _: {"sagemaker_pytorch_xla_multi_worker_enabled": True},
}


def _instance_type(spec: JobSpec) -> str | None:
    """None with instance groups: each host then reads its own type."""
    return None if spec.sagemaker.get("instance_groups") else spec.instance_type


def _mpi_options(spec: JobSpec) -> str:
    return shlex.join(spec.distribution.mpi_options)


def compiler_keys(config: Mapping[str, Any] | None) -> _Keys:
    """Return the training compiler's keys; none when it is off."""
    if not config or config.get("enabled") in (False, "false", "False"):
        return {}
    return {
        "sagemaker_training_compiler_enabled": True,
        "sagemaker_training_compiler_debug_mode": bool(config.get("debug", False)),
    }


def _model_dir(spec: JobSpec) -> _Keys:
    """TensorFlow scripts get ``--model_dir``, unless it is switched off by False."""
    given = spec.sagemaker.get("model_dir")
    if spec.sagemaker.get("framework") != "tensorflow" or given is False:
        return {}
    if given:
        return {"model_dir": given}
    if "sagemaker_mpi_enabled" in distribution_keys(spec):
        return {"model_dir": "/opt/ml/model"}
    return {"model_dir": f"{spec.output_path.rstrip('/')}/{spec.job_name}/model"}


def _check_sizes(encoded: Mapping[str, str], own: int) -> None:
    if len(encoded) > _MOST:
        raise SpecError(
            f"hyperparameters: {own} of yours and {len(encoded) - own} that start the job are "
            f"more than the {_MOST} that SageMaker takes; put some into a file in source_dir",
            argument="hyperparameters",
        )
    for name, text in encoded.items():
        if len(text) > _LONGEST_VALUE:
            raise SpecError(
                f"hyperparameters: {name!r} has {len(text)} characters as JSON, at most "
                f"{_LONGEST_VALUE} are allowed; put it into a file in source_dir or a channel",
                argument="distribution" if name == "mp_parameters" else "hyperparameters",
            )
