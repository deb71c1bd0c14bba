"""What this machine has to train with, and what is missing and what to do about it."""

from __future__ import annotations

import sys
from typing import TypedDict

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.devices import count_gpus
from jupyter_sdt.launch.mpirun import find_mpirun
from jupyter_sdt.scaling.limits import available_cores
from jupyter_sdt.spec.job_spec import JobSpec


class Missing(TypedDict):
    """Something that is not here, and what to do."""

    what: str
    why: str


class Machine(TypedDict):
    """Cores and GPUs that jobs may use, and what is missing."""

    cpus: int
    gpus: int
    missing: list[Missing]


def look_at_machine() -> Machine:
    """Return what jobs started from this server can use; may ask nvidia-smi for a second."""
    gpus = count_gpus(
        JobSpec(
            job_name="none",
            entry_point="",
            python=sys.executable,
            created_seconds=0,
            instance_type="local_gpu",
        )
    )
    missing = [Missing(what="mpirun", why=why) for why in _mpirun_is_missing()]
    if not gpus:
        missing.append(Missing(what="GPU", why="nvidia-smi lists none; use instance_type local"))
    service = "this version trains on this machine only; use instance_type local or local_gpu"
    missing.append(Missing(what="SageMaker", why=service))
    return Machine(cpus=available_cores(), gpus=gpus, missing=missing)


def _mpirun_is_missing() -> list[str]:
    try:
        find_mpirun(sys.executable)
    except LaunchError as error:
        return [str(error)]
    return []
