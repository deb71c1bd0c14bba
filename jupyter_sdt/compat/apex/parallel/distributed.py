"""apex.parallel.distributed: the wrapper of a model, and collectives on flattened tensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import _utils, nn
from torch.nn import parallel

__all__ = ["DistributedDataParallel", "flat_dist_call"]

_flatten: Any = _utils._flatten_dense_tensors
_unflatten: Any = _utils._unflatten_dense_tensors


class DistributedDataParallel(parallel.DistributedDataParallel):
    """torch's, with apex's arguments; those about buckets and streams are hints about speed."""

    def __init__(
        self,
        module: nn.Module,
        message_size: int = 10_000_000,
        delay_allreduce: bool = False,
        *_hints: Any,
        gradient_average: bool = True,
        **_more_hints: Any,
    ) -> None:
        del message_size
        device = next(module.parameters()).device
        devices = [device] if device.type == "cuda" else None
        # apex waits for all gradients then; a parameter without one does no harm.
        super().__init__(module, device_ids=devices, find_unused_parameters=delay_allreduce)
        if not gradient_average:
            self.register_comm_hook(None, _sum)


def flat_dist_call(
    tensors: Sequence[torch.Tensor], call: Callable[..., Any], extra_args: Any = None
) -> None:
    """Call a collective once for all tensors of a dtype; after an all_reduce they are means."""
    kinds: dict[torch.dtype, list[torch.Tensor]] = defaultdict(list)
    for tensor in tensors:
        kinds[tensor.dtype].append(tensor)
    for alike in kinds.values():
        flat = _flatten(alike)
        call(flat, *(extra_args or ()))
        if call is dist.all_reduce:
            flat /= dist.get_world_size()
        for tensor, result in zip(alike, _unflatten(flat, alike), strict=True):
            tensor.copy_(result)


def _sum(_state: Any, bucket: Any) -> Any:
    """A hook of DDP: the sum of all ranks' gradients."""
    work: Any = dist.all_reduce(bucket.buffer(), async_op=True)
    return work.get_future().then(lambda done: done.value()[0])
