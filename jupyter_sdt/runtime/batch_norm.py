"""Batch normalisation over the batches of all ranks together, on any device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

# The sum of a tensor over all ranks; gradients are summed on their way back, too.
Total = Callable[[torch.Tensor], torch.Tensor]


def normalize_over_ranks(layer: _BatchNorm, batch: torch.Tensor, total: Total) -> torch.Tensor:
    """Normalise ``batch`` [N, C, ...] with mean and variance of all ranks' batches, as in training.

    Ranks may have batches of different size. Updates the layer's running statistics.
    """
    axes = [axis for axis in range(batch.dim()) if axis != 1]
    mean, variance, count = _statistics(batch, axes, total)
    if layer.training and layer.track_running_stats:
        _remember(layer, mean.detach(), variance.detach(), count)
    shape = [1, -1] + [1] * (batch.dim() - 2)
    result = (batch - mean.view(shape)) * torch.rsqrt(variance + layer.eps).view(shape)
    if not layer.affine:
        return result
    return result * layer.weight.view(shape) + layer.bias.view(shape)


def _statistics(
    batch: torch.Tensor, axes: list[int], total: Total
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Mean and variance [C] over all ranks, and the number of values behind each."""
    here = batch.new_tensor([batch.numel() / batch.shape[1]])
    sums = total(torch.cat([batch.sum(axes), here]))
    count = sums[-1].detach()
    mean = sums[:-1] / count
    shape = [1, -1] + [1] * (batch.dim() - 2)
    # Two passes: the mean of squares less the square of the mean loses digits.
    variance = total((batch - mean.view(shape)).square().sum(axes)) / count
    return mean, variance, float(count)


def _remember(layer: Any, mean: torch.Tensor, variance: torch.Tensor, count: float) -> None:
    if layer.running_mean is None or layer.running_var is None:
        return
    layer.num_batches_tracked.add_(1)
    factor = layer.momentum
    if factor is None:
        factor = 1.0 / float(layer.num_batches_tracked)
    unbiased = variance * (count / max(count - 1, 1))
    layer.running_mean.lerp_(mean.to(layer.running_mean.dtype), factor)
    layer.running_var.lerp_(unbiased.to(layer.running_var.dtype), factor)
