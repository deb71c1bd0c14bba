"""horovod.tensorflow, for TensorFlow 2, over the same exchange as horovod.torch.

Written from Horovod's documentation (https://horovod.readthedocs.io/en/stable/api.html,
https://horovod.readthedocs.io/en/stable/tensorflow.html). What is not here is refused by name.
"""

from __future__ import annotations

from typing import NoReturn

from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.older_scripts import let_older_scripts_run

from . import elastic, mpi_ops
from .functions import (
    BroadcastGlobalVariablesHook,
    allgather_object,
    broadcast_,
    broadcast_global_variables,
    broadcast_object,
    broadcast_object_fn,
    broadcast_variables,
)
from .mpi_ops import *  # noqa: F403
from .sync_batch_norm import SyncBatchNormalization
from .training import (
    DistributedGradientTape,
    DistributedOptimizer,
    PartialDistributedGradientTape,
)

__all__ = [  # noqa: PLE0604
    "BroadcastGlobalVariablesHook",
    "Compression",
    "DistributedGradientTape",
    "DistributedOptimizer",
    "PartialDistributedGradientTape",
    "SyncBatchNormalization",
    "allgather_object",
    "broadcast_",
    "broadcast_global_variables",
    "broadcast_object",
    "broadcast_object_fn",
    "broadcast_variables",
    "elastic",
    *mpi_ops.__all__,
]

let_older_scripts_run()


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"horovod.tensorflow has no {name!r} in jupyter_sdt's version of it, which is used because "
        "Horovod itself is not installed; docs/compat.md lists what there is"
    )
