"""Counting what a node computes with, without importing torch."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Mapping

from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.strategies import Strategy
from jupyter_sdt.spec.variables import VIRTUAL_CUDA

# Strategies whose scripts refuse to run without CUDA, since on SageMaker there always is.
_FOR_GPUS: frozenset[Strategy] = frozenset({"smdataparallel", "pytorchddp", "modelparallel"})


def count_cpus() -> int:
    """Return the number of processors this process may run on (``SM_NUM_CPUS``)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def count_gpus(spec: JobSpec) -> int:
    """Return the GPUs a local node may use (``SM_NUM_GPUS``): 0 unless ``local_gpu``.

    As SageMaker's toolkit we ask ``nvidia-smi --list-gpus``; ``CUDA_VISIBLE_DEVICES`` of the job,
    else of this process, hides some of them.
    """
    if spec.instance_type != "local_gpu":
        return 0
    return _usable(spec)


def count_virtual_gpus(spec: JobSpec) -> int:
    """Return the devices that torch.cuda pretends on each node, one for each process; else 0.

    ``local_gpu``, and strategies whose scripts demand a GPU, get them where this machine has none.
    ``environment={"SDT_VIRTUAL_CUDA": "1"}`` asks for them in any job, "0" declines them.
    """
    asked = spec.environment.get(VIRTUAL_CUDA)
    wanted = spec.instance_type == "local_gpu" or spec.distribution.strategy in _FOR_GPUS
    if asked == "0" or not (wanted or asked == "1") or _usable(spec):
        return 0
    return spec.processes_per_node


def _usable(spec: JobSpec) -> int:
    visible = _visible({**os.environ, **spec.environment})
    installed = _installed(os.environ.get("PATH", ""))
    return installed if visible is None else min(installed, visible)


def _visible(environment: Mapping[str, str]) -> int | None:
    given = environment.get("CUDA_VISIBLE_DEVICES")
    if given is None:
        return None
    devices = [word.strip() for word in given.split(",")] if given.strip() else []
    # CUDA ignores everything from the first invalid entry on; -1 is the usual one.
    return devices.index("-1") if "-1" in devices else len(devices)


def gpu_names(spec: JobSpec) -> list[str]:
    """Return nvidia-smi's name of each GPU of this machine; none without ``local_gpu``."""
    if spec.instance_type != "local_gpu":
        return []
    lines = _listed(os.environ.get("PATH", ""))
    # GPU 0: NVIDIA H200 (UUID: GPU-...)
    return [line.partition(": ")[2].partition(" (UUID")[0] for line in lines]


def _installed(path: str) -> int:
    return len(_listed(path))


@functools.cache
def _listed(path: str) -> tuple[str, ...]:  # noqa: ARG001 - another PATH, another answer
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"],  # noqa: S607 - found on PATH as everybody's is
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(line for line in listed.stdout.splitlines() if line.startswith("GPU "))
