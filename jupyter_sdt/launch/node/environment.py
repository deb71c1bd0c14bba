"""The variables a training process sees on a node: ``SM_*`` as SageMaker's toolkit sets them.

https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md, and what
the driver of SageMaker's SDK v3 adds. Where the ranks meet (``MASTER_ADDR``) belongs to
``rendezvous``; what the user gave (``environment=``) is laid over all this by the launchers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.node.config import (
    INTERFACE,
    group_of,
    groups_of,
    input_data_config,
    instance_group,
    resource_config,
    sorted_hosts,
)
from jupyter_sdt.launch.node.devices import count_cpus, count_gpus, count_virtual_gpus
from jupyter_sdt.launch.node.hyperparameters import (
    framework_parameters,
    hyperparameter_arguments,
    user_hyperparameters,
)
from jupyter_sdt.spec import variables as names
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

# MAX_ARG_STRLEN of Linux: 32 pages for one NAME=value, its final NUL included.
_LONGEST = 32 * 4096 - 1


def node_environment(spec: JobSpec, directory: JobDirectory, node: str) -> dict[str, str]:
    """Return every variable that SageMaker would set on ``node``, and ``SDT_*``.

    Paths point into ``directory.node(node)``. Pure, but for counting the machine's processors.
    Raises SpecError when a variable would be longer than the system can hand over.
    """
    facts = _facts(spec, directory, node)
    variables = {
        **_named(spec, directory, node),
        **_nccl(spec),
        **{f"SM_{key.upper()}": encode(value) for key, value in facts.items()},
    }
    for name, value in variables.items():
        _check_length(name, value)
    return variables


def encode(value: Any) -> str:
    """Write a value as the toolkit does: strings as is, None empty, else compact sorted JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _facts(spec: JobSpec, directory: JobDirectory, node: str) -> dict[str, Any]:
    """Everything that becomes SM_<NAME>, by the toolkit's names."""
    cluster, program = _cluster(spec, node), _program(spec)
    paths, data = _paths(directory, node), _data(spec, directory, node)
    return {
        **cluster,
        **program,
        **paths,
        **data,
        **_hyperparameters(spec),
        **_driver(spec, directory, node),
        "training_env": _training_environment(spec, {**cluster, **program, **paths, **data}),
    }


def _cluster(spec: JobSpec, node: str) -> dict[str, Any]:
    group, groups = group_of(spec, node), groups_of(spec)
    return {
        "hosts": sorted_hosts(spec),
        "current_host": node,
        "network_interface_name": INTERFACE,
        "current_instance_type": group.instance_type,
        "current_instance_group": group.name,
        "current_instance_group_hosts": sorted(group.hosts),
        "instance_groups": [one.name for one in groups],
        "instance_groups_dict": {one.name: instance_group(one) for one in groups},
        "distribution_instance_groups": list(spec.distribution.instance_groups),
        "is_hetero": len(groups) > 1,
        "resource_config": resource_config(spec, node),
        "num_cpus": count_cpus(),
        "num_gpus": count_gpus(spec) or count_virtual_gpus(spec),
        "num_neurons": 0,
    }


def _paths(directory: JobDirectory, node: str) -> dict[str, Any]:
    root = directory.node(node)
    return {
        "input_dir": str(root / "input"),
        "input_config_dir": str(root / "input" / "config"),
        "output_dir": str(root / "output"),
        "output_data_dir": str(root / "output" / "data"),
        "output_intermediate_dir": str(root / "output" / "intermediate"),
        "model_dir": str(root / "model"),
        "module_dir": str(directory.source),
    }


def _data(spec: JobSpec, directory: JobDirectory, node: str) -> dict[str, Any]:
    return {
        "channels": sorted(channel.name for channel in spec.channels),
        "input_data_config": input_data_config(spec),
        **{f"channel_{k}": v for k, v in _channel_folders(spec, directory, node).items()},
    }


def _channel_folders(spec: JobSpec, directory: JobDirectory, node: str) -> dict[str, str]:
    root = directory.node(node) / "input" / "data"
    return {channel.name: str(root / channel.name) for channel in spec.channels}


def _program(spec: JobSpec) -> dict[str, Any]:
    return {
        "user_entry_point": spec.entry_point,
        "module_name": spec.entry_point.removesuffix(".py"),
        "log_level": spec.sagemaker.get("container_log_level") or 20,
        "framework_module": None,
        "framework_params": framework_parameters(spec),
    }


def _hyperparameters(spec: JobSpec) -> dict[str, Any]:
    given = user_hyperparameters(spec)
    # The driver's spelling comes first: where both exist, the toolkit's is the one that counts.
    return {
        "hps": given,
        "user_args": list(hyperparameter_arguments(spec)),
        **{f"hp_{name.replace('-', '_')}": value for name, value in given.items()},
        **{f"hp_{name}": value for name, value in given.items()},
    }


def _driver(spec: JobSpec, directory: JobDirectory, node: str) -> dict[str, Any]:
    root = directory.node(node)
    return {
        "input_data_dir": str(root / "input" / "data"),
        "output_failure": str(root / "output" / "failure"),
        "source_dir": str(directory.source),
        "entry_script": spec.entry_point,
        "host_count": len(sorted_hosts(spec)),
        "current_host_rank": sorted_hosts(spec).index(node),
    }


def _training_environment(spec: JobSpec, facts: Mapping[str, Any]) -> dict[str, Any]:
    """``SM_TRAINING_ENV``: the same facts again as one JSON object."""
    renamed = {"channels", "framework_params"}
    folders = [f"channel_{channel.name}" for channel in spec.channels]
    kept = {k: v for k, v in facts.items() if k not in renamed.union(folders)}
    return kept | {
        "additional_framework_parameters": facts["framework_params"],
        "channel_input_dirs": {k.removeprefix("channel_"): facts[k] for k in folders},
        "hyperparameters": user_hyperparameters(spec),
        "job_name": spec.job_name,
        "is_master": facts["current_host"] == spec.nodes[0],
        "master_hostname": spec.nodes[0],
    }


def _named(spec: JobSpec, directory: JobDirectory, node: str) -> dict[str, str]:
    """Variables that do not begin with SM_."""
    region = spec.environment.get("AWS_REGION")
    return {
        names.JOB_DIRECTORY: str(directory.path),
        names.NODE: node,
        names.NODE_RANK: str(spec.nodes.index(node)),
        **({names.VIRTUAL_CUDA: "1"} if count_virtual_gpus(spec) else {}),
        "SAGEMAKER_BASE_DIR": str(directory.node(node)),
        "TRAINING_JOB_NAME": spec.job_name,
        "SAGEMAKER_JOB_NAME": spec.job_name,
        "CURRENT_HOST": node,
        **({"AWS_REGION": region, "SAGEMAKER_REGION": region} if region else {}),
    }


def _nccl(spec: JobSpec) -> dict[str, str]:
    """What SageMaker's PyTorch container sets for NCCL, unless the user's shell says otherwise."""
    if spec.instance_type != "local_gpu":
        return {}
    wanted = {"NCCL_SOCKET_IFNAME": INTERFACE, "NCCL_IB_DISABLE": "1", "NCCL_DEBUG": "WARN"}
    return {name: value for name, value in wanted.items() if name not in os.environ}


def _check_length(name: str, value: str) -> None:
    length = len(os.fsencode(f"{name}={value}"))
    if length > _LONGEST:
        raise SpecError(
            f"hyperparameters: {name} would be {length} bytes long and the system passes on at "
            f"most {_LONGEST}; put large values into a file and give it as a channel",
            argument="hyperparameters",
        )
