"""smdistributed.dataparallel.torch.parallel: the wrapper of a model."""

from __future__ import annotations

from .distributed import DistributedDataParallel

__all__ = ["DistributedDataParallel"]
