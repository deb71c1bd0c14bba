"""Which rank is this, among how many: what horovod.torch says between ``init`` and ``shutdown``."""

from __future__ import annotations

import os
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.compat import join_job
from jupyter_sdt.runtime.process_environment import ProcessEnvironment, process_environment

_place: ProcessEnvironment | None = None


def join(comm: Any = None) -> None:
    """Join the job, started by mpirun, torchrun or this package.

    ``comm`` may be the ranks of the whole job or a communicator of mpi4py with all of them; raises
    NotImplementedError for any other.
    """
    global _place
    joined = process_environment()
    if comm is not None and not _is_whole(comm, joined):
        raise NotImplementedError(
            f"hvd.init(comm={comm!r}): the job always consists of all its {joined.world_size} "
            "ranks; use hvd.add_process_set(ranks) for operations among some of them"
        )
    _place = join_job()


def leave() -> None:
    """Wait for all ranks and leave the process group."""
    global _place
    _place = None
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def _is_whole(comm: Any, joined: ProcessEnvironment) -> bool:
    if hasattr(comm, "Get_size"):
        found = (comm.Get_rank(), comm.Get_size())
        return bool(found == (joined.rank, joined.world_size))
    return list(comm) == list(range(joined.world_size))


def place() -> ProcessEnvironment:
    """The place of this process in the job. Raises ValueError before ``init``, as Horovod does."""
    if _place is None:
        raise ValueError("Horovod has not been initialized; use hvd.init()")
    return _place


def is_initialized() -> bool:
    """Whether ``init`` was called."""
    return _place is not None


def rank() -> int:
    """The number of this process among all."""
    return place().rank


def size() -> int:
    """The number of processes."""
    return place().world_size


def local_rank() -> int:
    """The number of this process among those of its node."""
    return place().local_rank


def local_size() -> int:
    """The number of processes of this node."""
    return place().local_world_size


def cross_rank() -> int:
    """The number of this node."""
    return place().node_rank


def cross_size() -> int:
    """The number of nodes."""
    return size() // local_size()


def is_homogeneous() -> bool:
    """Whether every node has as many processes; so it is in every job of this package."""
    return size() % local_size() == 0


def mpi_threads_supported() -> bool:
    """Whether mpi4py may be used beside Horovod: where mpirun has started this process.

    MPI only starts the processes here, so that its threads and ours never meet.
    """
    place()
    return "PMIX_RANK" in os.environ


def mpi_enabled() -> bool:
    """Whether tensors travel by MPI."""
    return False


def mpi_built() -> bool:
    """Whether tensors could travel by MPI."""
    return False


def gloo_enabled() -> bool:
    """Whether tensors on the CPU travel by gloo, or by what replaces it."""
    return True


def gloo_built() -> bool:
    """Whether tensors on the CPU could travel by gloo."""
    return dist.is_gloo_available()


def nccl_built() -> int:
    """The version of NCCL as one number, 0 without it."""
    if not dist.is_nccl_available():
        return 0
    version: tuple[int, int, int] = torch.cuda.nccl.version()  # type: ignore[no-untyped-call]
    return version[0] * 10000 + version[1] * 100 + version[2]


def cuda_built() -> bool:
    """Whether torch can use CUDA."""
    return torch.version.cuda is not None


def rocm_built() -> bool:
    """Whether torch can use ROCm."""
    return torch.version.hip is not None


def ddl_built() -> bool:
    """Whether IBM's DDL is there; never."""
    return False


def ccl_built() -> bool:
    """Whether Intel's oneCCL is there; never."""
    return False
