"""horovod.tensorflow.mpi_ops: ranks and operations under one roof."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..torch import basics
from ..torch.alltoall import barrier
from ..torch.basics import (
    ccl_built,
    cross_rank,
    cross_size,
    cuda_built,
    ddl_built,
    gloo_built,
    gloo_enabled,
    is_homogeneous,
    is_initialized,
    local_rank,
    local_size,
    mpi_built,
    mpi_enabled,
    mpi_threads_supported,
    nccl_built,
    rank,
    rocm_built,
    size,
)
from ..torch.joining import join
from ..torch.process_sets import (
    ProcessSet,
    add_process_set,
    global_process_set,
    process_set_of,
    remove_process_set,
)
from ..torch.reduction import Adasum, Average, Max, Min, Product, ReduceOp, Sum
from ..torch.starting import init, shutdown
from .operations import allgather, allreduce, broadcast, grouped_allgather, grouped_allreduce
from .spreading import alltoall, grouped_reducescatter, reducescatter

__all__ = [
    "Adasum",
    "Average",
    "Max",
    "Min",
    "ProcessSet",
    "Product",
    "ReduceOp",
    "Sum",
    "add_process_set",
    "allgather",
    "allreduce",
    "alltoall",
    "barrier",
    "broadcast",
    "ccl_built",
    "cross_rank",
    "cross_size",
    "cuda_built",
    "ddl_built",
    "global_process_set",
    "gloo_built",
    "gloo_enabled",
    "gpu_available",
    "grouped_allgather",
    "grouped_allreduce",
    "grouped_reducescatter",
    "init",
    "is_homogeneous",
    "is_initialized",
    "join",
    "local_rank",
    "local_rank_op",
    "local_size",
    "local_size_op",
    "mpi_built",
    "mpi_enabled",
    "mpi_threads_supported",
    "nccl_built",
    "process_set_included_op",
    "rank",
    "rank_op",
    "reducescatter",
    "remove_process_set",
    "rocm_built",
    "shutdown",
    "size",
    "size_op",
]


def rank_op(name: str | None = None) -> Any:
    """The rank as a tensor."""
    return tf.constant(basics.rank(), name=name)


def local_rank_op(name: str | None = None) -> Any:
    """The local rank as a tensor."""
    return tf.constant(basics.local_rank(), name=name)


def size_op(process_set_id: int = 0, name: str | None = None) -> Any:
    """The number of ranks of a set, of the whole job by default. Raises ValueError."""
    return tf.constant(process_set_of(process_set_id).size(), name=name)


def local_size_op(name: str | None = None) -> Any:
    """The number of ranks of this node as a tensor."""
    return tf.constant(basics.local_size(), name=name)


def process_set_included_op(process_set_id: int = 0, name: str | None = None) -> Any:
    """1 where this rank is a member of the set, else 0, as a tensor. Raises ValueError."""
    return tf.constant(int(process_set_of(process_set_id).included()), name=name)


def gpu_available() -> bool:
    """Whether TensorFlow sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))
