"""Which jobs can be started today, and for the others what is missing and what to use now."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels.file_systems import on_file_system
from jupyter_sdt.launch.channels.s3_channels import check_s3_places
from jupyter_sdt.launch.launchers.cluster import check_cluster
from jupyter_sdt.launch.launchers.rendezvous import LOOPBACK
from jupyter_sdt.launch.node.devices import count_gpus, count_virtual_gpus
from jupyter_sdt.launch.remote.plan import check_remote
from jupyter_sdt.spec.hybrid_degrees import HybridDegrees
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.model_parallel_parameters import model_parallel_layout, pipeline_degree
from jupyter_sdt.spec.strategies import Strategy
from jupyter_sdt.spec.variables import MASTER_ADDR, MASTER_PORT, VIRTUAL_CUDA

_TORCH = "distribution={'torch_distributed': {'enabled': True}}"
# Strategy -> what it needs that this version does not have, and what does the work meanwhile.
_MISSING: dict[Strategy, tuple[str, str]] = {
    "pytorchxla": ("torch_xla and its launcher", _TORCH),
}


def check_runnable(spec: JobSpec) -> None:
    """Raise LaunchError naming what is missing for ``spec``, and what to use now.

    Nothing is replaced silently: a job that asks for a runtime we lack is not started with another.
    The images of SageMaker have them all.
    """
    if not find_instance(spec.instance_type).local:
        check_remote(spec)
        return
    _check_model_parallel(spec)
    if spec.distribution.strategy in _MISSING:
        missing, instead = _MISSING[spec.distribution.strategy]
        raise LaunchError(
            f"{spec.distribution.strategy} needs {missing}, which this version does not have; use "
            f"{instead}"
        )
    check_cluster(spec)
    for argument, place in _remote_places(spec):
        raise LaunchError(
            f"{argument}: {place} is out of reach of local nodes, which read and write paths, "
            "file:// and s3:// only; copy it to this machine and name that path"
        )
    check_s3_places(spec)
    _check_gpus(spec)
    _check_port(spec)


def _check_model_parallel(spec: JobSpec) -> None:
    distribution = spec.distribution
    if distribution.strategy != "modelparallel":
        return
    if not distribution.started_by_mpi:
        HybridDegrees.of(distribution.parameters, spec.world_size)
        return
    model_parallel_layout(distribution.parameters, spec.world_size)
    _check_partition_file(distribution.parameters)


def _check_partition_file(parameters: Mapping[str, Any]) -> None:
    """Rank 0 reads it, on this machine. Relative paths and /opt/ml mean something to ranks only."""
    path = Path(str(parameters.get("partition_file", "")))
    known = path.is_absolute() and not path.is_relative_to("/opt/ml")
    loaded = parameters.get("load_partition") and pipeline_degree(parameters) > 1
    if loaded and known and not path.is_file():
        raise LaunchError(
            f"distribution: partition_file={str(path)!r} does not exist, and 'load_partition': "
            "True reads it; name a file that a job has written which had 'partition_file' alone, "
            "or leave load_partition out"
        )


def _remote_places(spec: JobSpec) -> Iterator[tuple[str, str]]:
    """Arguments that name a place local nodes cannot reach."""
    named = {
        "output_path": spec.output_path,
        "checkpoint_s3_uri": spec.checkpoint_uri,
        **{f"inputs[{c.name!r}]": c.uri for c in spec.channels if not on_file_system(c)},
    }
    yield from ((name, place) for name, place in named.items() if _is_remote(place))


def _is_remote(place: str) -> bool:
    scheme, separator, _ = place.partition("://")
    return bool(separator) and scheme not in ("file", "s3")


def _check_gpus(spec: JobSpec) -> None:
    if spec.instance_type != "local_gpu":
        return
    gpus = count_gpus(spec)
    if not gpus and not count_virtual_gpus(spec):
        raise LaunchError(
            "instance_type='local_gpu': nvidia-smi lists no GPU this job could use, and "
            f"{VIRTUAL_CUDA}=0 declines virtual ones; leave that out, or use 'local' to train on "
            "the CPU"
        )
    if 0 < gpus < spec.processes_per_node:
        raise LaunchError(
            f"processes_per_node={spec.processes_per_node} is more than the {gpus} GPUs of this "
            f"machine; use {gpus} or fewer, or instance_type='local' to let ranks share them"
        )


def _check_port(spec: JobSpec) -> None:
    """Rank 0 listens on this machine: whether the port the user chose is free is known now."""
    port, address = spec.environment.get(MASTER_PORT), spec.environment.get(MASTER_ADDR, LOOPBACK)
    if port is None or address not in (LOOPBACK, "localhost"):
        return
    try:
        socket.create_server(("", int(port))).close()
    except (OSError, OverflowError, ValueError) as error:
        raise LaunchError(
            f"environment: rank 0 cannot listen on MASTER_PORT={port}: {error}; leave MASTER_PORT "
            "out and a free port is chosen"
        ) from None
