"""Counting what a node computes with, without importing torch."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Mapping

from jupyter_sdt.spec.job_spec import JobSpec


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


@functools.cache
def _installed(path: str) -> int:  # noqa: ARG001 - another PATH, another answer
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"],  # noqa: S607 - found on PATH as everybody's is
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
