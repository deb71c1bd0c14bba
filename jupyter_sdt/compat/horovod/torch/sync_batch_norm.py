"""Batch normalisation over the batches of all ranks together."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

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
        axes = [axis for axis in range(input.dim()) if axis != 1]
        mean, variance, count = self._statistics(input, axes)
        if self.training and self.track_running_stats:
            self._remember(mean.detach(), variance.detach(), count)
        shape = [1, -1] + [1] * (input.dim() - 2)
        result = (input - mean.view(shape)) * torch.rsqrt(variance + self.eps).view(shape)
        if not self.affine:
            return result
        return result * self.weight.view(shape) + self.bias.view(shape)

    def _statistics(
        self, batch: torch.Tensor, axes: list[int]
    ) -> tuple[torch.Tensor, torch.Tensor, float]:
        """Mean and variance [C] over all ranks, and the number of values behind each."""
        here = batch.new_tensor([batch.numel() / batch.shape[1]])
        sums = self._sum(torch.cat([batch.sum(axes), here]))
        count = sums[-1].detach()
        mean = sums[:-1] / count
        shape = [1, -1] + [1] * (batch.dim() - 2)
        # Two passes: the mean of squares less the square of the mean loses digits.
        variance = self._sum((batch - mean.view(shape)).square().sum(axes)) / count
        return mean, variance, float(count)

    def _sum(self, tensor: torch.Tensor) -> torch.Tensor:
        return allreduce(tensor, op=Sum, process_set=self.process_set)

    def _remember(self, mean: torch.Tensor, variance: torch.Tensor, count: float) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        factor = self.momentum
        if factor is None:
            factor = 1.0 / float(self.num_batches_tracked)
        unbiased = variance * (count / max(count - 1, 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), factor)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), factor)
