"""allreduce in all its forms, alone and grouped; the forms without ``_`` have gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .compression import Compression, Compressor
from .handles import begin, synchronize
from .process_sets import ProcessSet, global_process_set
from .reduction import ReduceOp, Reduction, choose_op

Tensors = Sequence[torch.Tensor]


def allreduce(
    tensor: torch.Tensor,
    average: bool | None = None,
    name: str | None = None,
    compression: type[Compressor] = Compression.none,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> torch.Tensor:
    """Return the reduction of ``tensor`` over all ranks; gradients flow through it.

    Operations must be called in the same order on all ranks; ``name`` is accepted and not needed.
    """
    del name
    reduction = _reduction(op, average, prescale_factor, postscale_factor, process_set)
    compressed, ctx = compression.compress(tensor)
    return compression.decompress(_reduced(compressed, reduction), ctx)


def allreduce_async(
    tensor: torch.Tensor,
    average: bool | None = None,
    name: str | None = None,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin to reduce a copy of ``tensor``; return a handle for ``synchronize``."""
    copy = tensor.detach().clone()
    return allreduce_async_(copy, average, name, op, prescale_factor, postscale_factor, process_set)


def allreduce_(
    tensor: torch.Tensor,
    average: bool | None = None,
    name: str | None = None,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> torch.Tensor:
    """Reduce ``tensor`` over all ranks, in place."""
    handle = allreduce_async_(
        tensor, average, name, op, prescale_factor, postscale_factor, process_set
    )
    result: torch.Tensor = synchronize(handle)
    return result


def allreduce_async_(
    tensor: torch.Tensor,
    average: bool | None = None,
    name: str | None = None,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin to reduce ``tensor`` in place; return a handle for ``synchronize``."""
    del name
    reduction = _reduction(op, average, prescale_factor, postscale_factor, process_set)
    work, finish = _begin_in_place(tensor, reduction)
    return begin([work], finish)


def grouped_allreduce(
    tensors: Tensors,
    average: bool | None = None,
    name: str | None = None,
    compression: type[Compressor] = Compression.none,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> list[torch.Tensor]:
    """Return the reductions of ``tensors``; gradients flow through them."""
    rest = (average, name, compression, op, prescale_factor, postscale_factor, process_set)
    return [allreduce(tensor, *rest) for tensor in tensors]


def grouped_allreduce_async(
    tensors: Tensors,
    average: bool | None = None,
    name: str | None = None,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin to reduce copies of ``tensors``; return one handle for the list."""
    copies = [tensor.detach().clone() for tensor in tensors]
    return grouped_allreduce_async_(
        copies, average, name, op, prescale_factor, postscale_factor, process_set
    )


def grouped_allreduce_(
    tensors: Tensors,
    average: bool | None = None,
    name: str | None = None,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> list[torch.Tensor]:
    """Reduce ``tensors`` in place."""
    handle = grouped_allreduce_async_(
        tensors, average, name, op, prescale_factor, postscale_factor, process_set
    )
    results: list[torch.Tensor] = synchronize(handle)
    return results


def grouped_allreduce_async_(
    tensors: Tensors,
    average: bool | None = None,
    name: str | None = None,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin to reduce ``tensors`` in place; return one handle for the list."""
    del name
    reduction = _reduction(op, average, prescale_factor, postscale_factor, process_set)
    begun = [_begin_in_place(tensor, reduction) for tensor in tensors]
    return begin([work for work, _ in begun], lambda: [finish() for _, finish in begun])


def _reduction(
    op: ReduceOp | None,
    average: bool | None,
    prescale_factor: float,
    postscale_factor: float,
    process_set: ProcessSet,
) -> Reduction:
    return Reduction(
        op=choose_op(op, average),
        prescale_factor=prescale_factor,
        postscale_factor=postscale_factor,
        process_set=process_set,
    )


def _begin_in_place(
    tensor: torch.Tensor, reduction: Reduction
) -> tuple[Any, Callable[[], torch.Tensor]]:
    flat = tensor.detach().contiguous()
    work = reduction.start(flat)

    def finish() -> torch.Tensor:
        reduction.finish(flat)
        if flat.data_ptr() != tensor.data_ptr():
            tensor.detach().copy_(flat)
        return tensor

    return work, finish


class _Allreduce(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, reduction: Reduction) -> torch.Tensor:
        ctx.reduction = reduction
        return reduction.apply(tensor)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        return ctx.reduction.adjoint().apply(gradients[0]), None


def _reduced(tensor: torch.Tensor, reduction: Reduction) -> torch.Tensor:
    result: torch.Tensor = _Allreduce.apply(tensor, reduction)  # type: ignore[no-untyped-call]
    return result
