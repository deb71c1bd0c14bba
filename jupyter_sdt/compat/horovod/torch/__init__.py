"""horovod.torch, on top of torch.distributed.

Written from Horovod's documentation (https://horovod.readthedocs.io/en/stable/api.html,
https://horovod.readthedocs.io/en/stable/pytorch.html). What is not here is refused by name.
"""

from __future__ import annotations

from typing import NoReturn

from . import elastic, mpi_ops
from .compression import Compression
from .functions import (
    allgather_object,
    broadcast_object,
    broadcast_optimizer_state,
    broadcast_parameters,
)
from .mpi_ops import *  # noqa: F403
from .optimizer import DistributedOptimizer
from .sync_batch_norm import SyncBatchNorm

__all__ = [  # noqa: PLE0604
    "Compression",
    "DistributedOptimizer",
    "SyncBatchNorm",
    "allgather_object",
    "broadcast_object",
    "broadcast_optimizer_state",
    "broadcast_parameters",
    "elastic",
    *mpi_ops.__all__,
]


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"horovod.torch has no {name!r} in jupyter_sdt's version of it, which is used because "
        "Horovod itself is not installed; docs/compat.md lists what there is"
    )
