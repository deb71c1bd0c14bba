"""Data parallelism through shared memory: the torch backend ``smddp`` and a DDP hook.

Importing this package is enough for ``torch.distributed.init_process_group("smddp")``.
"""

from __future__ import annotations

import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel.allocation import expect, share, shared_zeros
from jupyter_sdt.runtime.dataparallel.distributed_data_parallel import DistributedDataParallel
from jupyter_sdt.runtime.dataparallel.hook import smddp_hook
from jupyter_sdt.runtime.dataparallel.optimizer_sharing import share_optimizer
from jupyter_sdt.runtime.dataparallel.process_group import NAME, SmddpProcessGroup
from jupyter_sdt.runtime.dataparallel.sixteen_bits import allow_bfloat16

__all__ = [
    "DistributedDataParallel",
    "SmddpProcessGroup",
    "expect",
    "share",
    "share_optimizer",
    "shared_zeros",
    "smddp_hook",
]

if NAME not in dist.Backend.backend_list:
    dist.Backend.register_backend(NAME, SmddpProcessGroup, devices=["cpu"])
    allow_bfloat16()
