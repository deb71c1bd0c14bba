"""reducescatter: every rank gets its rows of the sum of what all ranks have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .allgather import allgather
from .compression import Compression, Compressor
from .handles import begin, synchronize, wait
from .process_sets import ProcessSet, global_process_set
from .reduction import Average, ReduceOp, Reduction, choose_op


def reducescatter(
    tensor: torch.Tensor,
    name: str | None = None,
    compression: type[Compressor] = Compression.none,
    op: ReduceOp | None = None,
    process_set: ProcessSet = global_process_set,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
) -> torch.Tensor:
    """Return this rank's rows of the reduction over all ranks; gradients flow back.

    Where rows cannot be divided evenly, the first ranks get one more. Raises ValueError for an
    unknown ``op``, NotImplementedError for the gradients of another than Average and Sum.
    """
    del name
    reduction = _reduction(op, process_set, prescale_factor, postscale_factor)
    given, ctx = compression.compress(tensor)
    rows: torch.Tensor = _Reducescatter.apply(given, reduction)  # type: ignore[no-untyped-call]
    return compression.decompress(rows, ctx)


def reducescatter_async(
    tensor: torch.Tensor,
    name: str | None = None,
    op: ReduceOp | None = None,
    process_set: ProcessSet = global_process_set,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
) -> int:
    """Begin a reducescatter; return a handle for ``synchronize``."""
    del name
    reduction = _reduction(op, process_set, prescale_factor, postscale_factor)
    work, finish = _begin(tensor, reduction)
    return begin([work], finish)


def grouped_reducescatter(
    tensors: Sequence[torch.Tensor], *arguments: Any, **named: Any
) -> list[torch.Tensor]:
    """Return what :func:`reducescatter`, with the same other arguments, makes of each."""
    return [reducescatter(tensor, *arguments, **named) for tensor in tensors]


def grouped_reducescatter_async(
    tensors: Sequence[torch.Tensor], *arguments: Any, **named: Any
) -> int:
    """Begin a reducescatter of each; return one handle for the list."""
    handles = [reducescatter_async(tensor, *arguments, **named) for tensor in tensors]
    return begin([], lambda: [synchronize(handle) for handle in handles])


def _reduction(
    op: ReduceOp | None, process_set: ProcessSet, prescale_factor: float, postscale_factor: float
) -> Reduction:
    return Reduction(
        op=choose_op(op),
        prescale_factor=prescale_factor,
        postscale_factor=postscale_factor,
        process_set=process_set,
    )


def _begin(tensor: torch.Tensor, reduction: Reduction) -> tuple[Any, Callable[[], torch.Tensor]]:
    whole = tensor.detach().clone(memory_format=torch.contiguous_format)
    work, ranks = reduction.start(whole), reduction.process_set

    def finish() -> torch.Tensor:
        return reduction.finish(whole).tensor_split(ranks.size())[ranks.rank()].clone()

    return work, finish


class _Reducescatter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, reduction: Reduction) -> torch.Tensor:
        ctx.reduction = reduction
        work, finish = _begin(tensor, reduction)
        wait(work)
        return finish()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        """What all ranks say about their rows, one below the other."""
        reduction = ctx.reduction.adjoint()
        factor = reduction.prescale_factor * reduction.postscale_factor
        if reduction.op is Average:
            factor /= reduction.process_set.size()
        return allgather(gradients[0], process_set=reduction.process_set) * factor, None
