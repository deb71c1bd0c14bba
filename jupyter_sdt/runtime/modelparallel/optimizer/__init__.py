"""Optimizers of a model whose parameters lie on several ranks."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.optimizer.distributed_optimizer import DistributedOptimizer

__all__ = ["DistributedOptimizer"]
