"""apex.parallel: data parallelism, on top of torch's."""

from __future__ import annotations

from typing import Any

import torch.distributed as dist
from torch import nn

from .distributed import DistributedDataParallel, flat_dist_call

__all__ = [
    "DistributedDataParallel",
    "Reducer",
    "SyncBatchNorm",
    "convert_syncbn_model",
    "flat_dist_call",
]

SyncBatchNorm = nn.SyncBatchNorm


class Reducer:
    """Averages gradients over all ranks when the script says so: https://nvidia.github.io/apex."""

    def __init__(self, module_or_grads_list: Any) -> None:
        self.module = module_or_grads_list
        if isinstance(module_or_grads_list, nn.Module):
            for parameter in module_or_grads_list.parameters():
                dist.broadcast(parameter.data, 0)

    def reduce(self) -> None:
        """Leave the mean of all ranks' gradients."""
        if isinstance(self.module, nn.Module):
            grads = [p.grad for p in self.module.parameters() if p.grad is not None]
        else:
            grads = list(self.module)
        flat_dist_call(grads, dist.all_reduce)


def convert_syncbn_model(
    module: nn.Module, process_group: Any = None, channel_last: bool = False
) -> nn.Module:
    """Let every batch norm see the batches of all ranks; torch does so on GPUs only."""
    del channel_last  # a hint about speed
    convert: Any = SyncBatchNorm.convert_sync_batchnorm
    converted: nn.Module = convert(module, process_group)
    return converted
