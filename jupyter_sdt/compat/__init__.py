"""Import names of other libraries, for scripts written for them; ranks alone have it on their path.

Here stands what the names share: joining the process group of the job.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec

import torch.distributed as dist

from jupyter_sdt.runtime.context import choose_backend, join_process_group
from jupyter_sdt.runtime.process_environment import ProcessEnvironment, process_environment

_OURS = "jupyter_sdt.runtime.dataparallel"
_TIMEOUT = timedelta(minutes=30)


def join_job() -> ProcessEnvironment:
    """Join the process group of this process's job, unless the script has; return its place."""
    place = process_environment()
    if not dist.is_initialized():
        join_process_group(place, process_backend(place), _TIMEOUT)
    return place


def process_backend(place: ProcessEnvironment) -> str:
    """What torch.distributed is to communicate with; nccl, too, where each rank has a GPU.

    gloo stands in where this installation has no backend of its own.
    """
    on_cpu = "smddp" if register_smddp() else "gloo"
    if choose_backend(None, place) == "nccl":
        return f"cpu:{on_cpu},cuda:nccl"
    return on_cpu


def register_smddp() -> bool:
    """Make ``smddp`` known to torch.distributed; False where the runtime does not have it."""
    if find_spec(_OURS) is None:
        return False
    import_module(_OURS)
    return "smddp" in dist.Backend.backend_list
