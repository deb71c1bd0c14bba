"""Import names of other libraries, for scripts written for them; ranks alone have it on their path.

Here stands what the names share: joining the process group of the job.
"""

from __future__ import annotations

from datetime import timedelta

import torch.distributed as dist

from jupyter_sdt.runtime.context import join_process_group
from jupyter_sdt.runtime.dataparallel.process_group import NAME
from jupyter_sdt.runtime.process_environment import ProcessEnvironment, process_environment

_TIMEOUT = timedelta(minutes=30)


def join_job() -> ProcessEnvironment:
    """Join the process group of this process's job, unless the script has; return its place.

    The backend is ours, ``smddp``, which takes tensors on the CPU and, with NCCL, on GPUs.
    """
    place = process_environment()
    if not dist.is_initialized():
        join_process_group(place, NAME, _TIMEOUT)
    return place
