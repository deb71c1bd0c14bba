"""smdistributed.dataparallel.tensorflow, for TensorFlow 2.

https://sagemaker.readthedocs.io/en/v2.197.0/api/training/sdp_versions/latest/smd_data_parallel_tensorflow.html
Scripts import it as ``dist`` or ``sdp``. What is not here is refused by name.
"""

from __future__ import annotations

from typing import NoReturn

from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.older_scripts import let_older_scripts_run

from .collectives import ReduceOp, allreduce, broadcast, oob_allreduce, overlap
from .ranks import init, local_rank, local_size, rank, shutdown, size
from .training import (
    BroadcastGlobalVariablesCallback,
    BroadcastGlobalVariablesHook,
    DistributedGradientTape,
    DistributedOptimizer,
    broadcast_global_variables,
    broadcast_variables,
)

__all__ = [
    "BroadcastGlobalVariablesCallback",
    "BroadcastGlobalVariablesHook",
    "Compression",
    "DistributedGradientTape",
    "DistributedOptimizer",
    "ReduceOp",
    "allreduce",
    "broadcast",
    "broadcast_global_variables",
    "broadcast_variables",
    "init",
    "local_rank",
    "local_size",
    "oob_allreduce",
    "overlap",
    "rank",
    "shutdown",
    "size",
]

let_older_scripts_run()


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"smdistributed.dataparallel.tensorflow has no {name!r} in jupyter_sdt's version of it; "
        "docs/compat.md lists what there is"
    )
