"""TensorFlow's and MXNet's own clusters: TF_CONFIG, DMLC_*, and the servers beside the ranks.

What SageMaker's containers set and start for ``parameter_server`` and
``multi_worker_mirrored_strategy``, with ports of this machine in place of hosts:
https://github.com/aws/sagemaker-tensorflow-training-toolkit,
https://github.com/aws/sagemaker-mxnet-training-toolkit. The PyTorch container starts plain
processes for ``parameter_server``, and so do we.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from jupyter_sdt.errors import DistributionError, LaunchError
from jupyter_sdt.launch.launchers.plan import ProcessPlan
from jupyter_sdt.launch.launchers.rendezvous import Rendezvous
from jupyter_sdt.launch.node.environment import node_environment
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

Kind = Literal["parameter_server", "workers", "dmlc", ""]

SERVER_MODULE = "jupyter_sdt.runtime.parameter_server"


def cluster_kind(spec: JobSpec) -> Kind:
    """Which cluster the job forms: TensorFlow's with servers, or workers alone; MXNet's; none.

    An estimator that names no framework means TensorFlow. As on SageMaker, TensorFlow's servers are
    for several nodes.
    """
    strategy, framework = spec.distribution.strategy, spec.sagemaker.get("framework", "")
    if strategy == "multi_worker_mirrored_strategy":
        return "workers"
    if strategy != "parameter_server":
        return ""
    if framework == "mxnet":
        return "dmlc"
    return "parameter_server" if framework in ("", "tensorflow") and _several(spec) else ""


def check_cluster(spec: JobSpec) -> None:
    """Refuse what forms no cluster, and servers whose framework is not installed.

    Raises DistributionError or LaunchError.
    """
    strategy = spec.distribution.strategy
    if strategy not in ("parameter_server", "multi_worker_mirrored_strategy"):
        return
    if spec.processes_per_node > 1:
        raise DistributionError(
            f"processes_per_node={spec.processes_per_node}: {strategy} runs one process on each "
            f"node; use instance_count={spec.world_size} instead",
            argument="processes_per_node",
        )
    if spec.distribution.launcher in ("torchrun", "mpirun"):
        raise DistributionError(
            f"launcher={spec.distribution.launcher!r} does not form the cluster of {strategy}; "
            "leave it out or say 'python'",
            argument="launcher",
        )
    _check_installed(spec)


def _check_installed(spec: JobSpec) -> None:
    """The servers need their framework; what the script itself imports is its own affair."""
    names = {"parameter_server": "tensorflow", "dmlc": "mxnet"}
    if (name := names.get(cluster_kind(spec))) is None or spec.requirements:
        return
    elsewhere = spec.python != sys.executable or Path(spec.source_dir or "/", name).is_dir()
    if elsewhere or find_spec(name) is not None:
        return
    cure = {
        "tensorflow": "pip install 'jupyter-sdt[tensorflow]' brings it, and MXNet(...) in place of "
        "TensorFlow(...) or Estimator(...) means MXNet's servers",
        "mxnet": "there is no extra for it, as MXNet has ended and does not run on this Python; "
        "name one that does in requirements, or use TensorFlow(...)",
    }
    raise LaunchError(
        f"parameter_server starts the servers of {name}, which is not installed here: {cure[name]}"
    )


def ports_needed(spec: JobSpec) -> int:
    """How many free ports the cluster takes."""
    nodes = spec.instance_count
    return {"parameter_server": 2 * nodes, "workers": nodes, "dmlc": 1, "": 0}[cluster_kind(spec)]


def cluster_environment(spec: JobSpec, node_rank: int, meeting: Rendezvous) -> dict[str, str]:
    """What a node's training process sees of the cluster."""
    kind = cluster_kind(spec)
    if kind == "parameter_server":
        task = ("worker", node_rank - 1) if node_rank else ("master", 0)
        return _tensorflow(_with_servers(spec, meeting), *task)
    if kind == "workers":
        return _tensorflow({"worker": _addresses(meeting, 0, spec)}, "worker", node_rank)
    return _dmlc(spec, meeting, "worker") if kind == "dmlc" else {}


def service_plans(
    spec: JobSpec, directory: JobDirectory, meeting: Rendezvous
) -> tuple[ProcessPlan, ...]:
    """The servers, which start before the ranks and end with them."""
    kind = cluster_kind(spec)
    plans: list[ProcessPlan] = []
    if kind == "parameter_server":
        cluster = _with_servers(spec, meeting)
        for number, node in enumerate(spec.nodes):
            variables = _tensorflow(cluster, "ps", number)
            argv = (spec.python, "-m", SERVER_MODULE)
            plans.append(_service(spec, directory, (node, "ps"), argv, variables))
    elif kind == "dmlc":
        places = [(spec.nodes[0], "scheduler"), *((node, "server") for node in spec.nodes)]
        for node, role in places:
            argv = (spec.python, "-c", "import mxnet")
            variables = _dmlc(spec, meeting, role)
            plans.append(_service(spec, directory, (node, role), argv, variables))
    return tuple(plans)


def _service(
    spec: JobSpec,
    directory: JobDirectory,
    place: tuple[str, str],
    argv: tuple[str, ...],
    variables: Mapping[str, str],
) -> ProcessPlan:
    node, role = place
    return ProcessPlan(
        argv=argv,
        environment=node_environment(spec, directory, node)
        | dict(variables)
        | dict(spec.environment),
        working_directory=str(directory.source),
        node=node,
        log=str(directory.launcher_log(f"{role}-{node}").relative_to(directory.path)),
        service=role,
    )


def _with_servers(spec: JobSpec, meeting: Rendezvous) -> dict[str, list[str]]:
    first, *rest = _addresses(meeting, 0, spec)
    return {"master": [first], "worker": rest, "ps": _addresses(meeting, 1, spec)}


def _addresses(meeting: Rendezvous, row: int, spec: JobSpec) -> list[str]:
    """One address for each node; rows after the first are for further processes there."""
    start = row * spec.instance_count
    ports = [*meeting.ports, *[0] * ports_needed(spec)]
    return [f"{meeting.address}:{port}" for port in ports[start : start + spec.instance_count]]


def _tensorflow(cluster: Mapping[str, list[str]], kind: str, index: int) -> dict[str, str]:
    config: dict[str, Any] = {
        "cluster": {job: addresses for job, addresses in cluster.items() if addresses},
        "environment": "cloud",
        "task": {"type": kind, "index": index},
    }
    return {"TF_CONFIG": json.dumps(config)}


def _dmlc(spec: JobSpec, meeting: Rendezvous, role: str) -> dict[str, str]:
    nodes, free = str(spec.instance_count), (*meeting.ports, 0)[0]
    return {
        "DMLC_ROLE": role,
        "DMLC_NUM_WORKER": nodes,
        "DMLC_NUM_SERVER": nodes,
        "DMLC_PS_ROOT_URI": meeting.address,
        "DMLC_PS_ROOT_PORT": str(spec.hyperparameters.get("_ps_port", free)),
        "PS_VERBOSE": str(spec.hyperparameters.get("_ps_verbose", 0)),
    }


def _several(spec: JobSpec) -> bool:
    return spec.instance_count > 1
