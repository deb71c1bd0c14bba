"""Which rank is this, among how many: from ``init`` to ``shutdown``."""

from __future__ import annotations

import torch.distributed as dist

from jupyter_sdt.compat import join_job
from jupyter_sdt.runtime.process_environment import ProcessEnvironment

from ..exceptions import SMDDPError

_place: ProcessEnvironment | None = None


def init() -> None:
    """Join the job. Raises SMDDPError when called a second time, as documented."""
    global _place
    if _place is not None:
        raise SMDDPError("init() was called twice; call it once, at the top of the script")
    _place = join_job()


def shutdown() -> None:
    """Wait for all ranks and leave the job."""
    global _place
    place()
    _place = None
    dist.barrier()
    dist.destroy_process_group()


def place() -> ProcessEnvironment:
    """The place of this process in the job. Raises SMDDPError before ``init``."""
    if _place is None:
        raise SMDDPError("call smdistributed.dataparallel.tensorflow.init() first")
    return _place


def rank() -> int:
    """The number of this process among all of the job."""
    return place().rank


def size() -> int:
    """The number of processes of the job."""
    return place().world_size


def local_rank() -> int:
    """The number of this process among those of its node."""
    return place().local_rank


def local_size() -> int:
    """The number of processes of this node."""
    return place().local_world_size
