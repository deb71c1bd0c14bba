"""torch.sagemaker.utils.process_group_utils: who is in a process group."""

from __future__ import annotations

from typing import Any

import torch.distributed as dist

__all__ = ["get_global_ranks"]


def get_global_ranks(process_group: Any = None) -> list[int]:
    """The ranks of ``process_group`` in the whole job, in its order; None means all ranks."""
    return dist.get_process_group_ranks(process_group or dist.group.WORLD)
