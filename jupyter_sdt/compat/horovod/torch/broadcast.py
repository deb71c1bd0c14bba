"""broadcast in all its forms: every rank gets the tensor of one of them."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from .basics import rank
from .handles import begin, started, synchronize
from .process_sets import ProcessSet, global_process_set
from .reduction import Reduction, Sum


def broadcast(
    tensor: torch.Tensor,
    root_rank: int,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> torch.Tensor:
    """Return rank ``root_rank``'s tensor; gradients flow back to that rank."""
    del name
    result: torch.Tensor = _Broadcast.apply(  # type: ignore[no-untyped-call]
        tensor, root_rank, process_set
    )
    return result


def broadcast_async(
    tensor: torch.Tensor,
    root_rank: int,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin to broadcast into a copy of ``tensor``; return a handle for ``synchronize``."""
    return broadcast_async_(tensor.detach().clone(), root_rank, name, process_set)


def broadcast_(
    tensor: torch.Tensor,
    root_rank: int,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> torch.Tensor:
    """Overwrite ``tensor`` with that of rank ``root_rank``."""
    result: torch.Tensor = synchronize(broadcast_async_(tensor, root_rank, name, process_set))
    return result


def broadcast_async_(
    tensor: torch.Tensor,
    root_rank: int,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin to overwrite ``tensor``; return a handle for ``synchronize``.

    Raises ValueError when ``root_rank``, which counts over the job, is no member of the set.
    """
    del name
    if root_rank not in process_set.ranks:
        raise ValueError(f"root_rank={root_rank} is not one of the ranks {process_set.ranks}")
    process_set.enter("broadcast")
    flat = tensor.detach().contiguous()
    work = started(dist.broadcast, flat, src=root_rank, group=process_set.group)

    def finish() -> torch.Tensor:
        if flat.data_ptr() != tensor.data_ptr():
            tensor.detach().copy_(flat)
        return tensor

    return begin([work], finish)


class _Broadcast(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, root: int, process_set: ProcessSet) -> torch.Tensor:
        ctx.root, ctx.process_set = root, process_set
        result: torch.Tensor = synchronize(broadcast_async(tensor, root, None, process_set))
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        total = Reduction(op=Sum, process_set=ctx.process_set).apply(gradients[0])
        return (total if rank() == ctx.root else torch.zeros_like(total)), None, None
