"""Batch normalisation over the batches of all ranks together."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from jupyter_sdt.runtime.batch_norm import normalize_over_ranks

from .allreduce import allreduce
from .basics import size
from .process_sets import ProcessSet, global_process_set
from .reduction import Sum


class SyncBatchNorm(_BatchNorm):
    """torch's BatchNorm with the mean and the variance of all ranks' batches, [N, C, ...] each.

    Ranks may have batches of different size. Arguments are BatchNorm's, and ``process_set``.
    """

    def __init__(
        self, *arguments: Any, process_set: ProcessSet = global_process_set, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self.process_set = process_set

    def _check_input_dim(self, input: torch.Tensor) -> None:  # noqa: A002 - torch's name
        if input.dim() < 2:
            raise ValueError(f"expected at least 2 dimensions [N, C, ...], got {input.dim()}")

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """Normalise ``input``; in evaluation with the running statistics, as torch does."""
        self._check_input_dim(input)
        batch_counts = self.training or self.running_mean is None
        if not batch_counts or size() == 1:
            return super().forward(input)
        return normalize_over_ranks(self, input, self._sum)

    def _sum(self, tensor: torch.Tensor) -> torch.Tensor:
        return allreduce(tensor, op=Sum, process_set=self.process_set)
