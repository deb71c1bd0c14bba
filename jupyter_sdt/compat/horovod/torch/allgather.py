"""allgather: the tensors of all ranks one below the other, however many rows each has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist

from .handles import begin, started, wait
from .process_sets import ProcessSet, global_process_set
from .reduction import Reduction, Sum


def allgather(
    tensor: torch.Tensor,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> torch.Tensor:
    """Return the tensors of all ranks, joined along the first dimension; gradients flow back.

    Only the first dimension may differ between ranks; a number counts as one row. Raises ValueError
    on all ranks when anything else differs.
    """
    del name
    result: torch.Tensor = _Allgather.apply(tensor, process_set)  # type: ignore[no-untyped-call]
    return result


def grouped_allgather(
    tensors: Sequence[torch.Tensor],
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> list[torch.Tensor]:
    """Return what :func:`allgather` makes of each."""
    return [allgather(tensor, name, process_set) for tensor in tensors]


def grouped_allgather_async(
    tensors: Sequence[torch.Tensor],
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin an allgather of each; return one handle for the list."""
    del name
    begun = [_begin(tensor.detach(), process_set) for tensor in tensors]
    return begin([work for work, _ in begun], lambda: [finish()[0] for _, finish in begun])


def allgather_async(
    tensor: torch.Tensor,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin an allgather; return a handle for ``synchronize``. The sizes are exchanged at once."""
    del name
    work, finish = _begin(tensor.detach(), process_set)
    return begin([work], lambda: finish()[0])


def _begin(
    tensor: torch.Tensor, process_set: ProcessSet
) -> tuple[Any, Callable[[], tuple[torch.Tensor, list[int]]]]:
    process_set.enter("allgather")
    rows = tensor.reshape(1) if tensor.dim() == 0 else tensor
    counts = _row_counts(rows, process_set)
    padded = rows.new_zeros((max(counts), *rows.shape[1:]))
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in counts]
    work = started(dist.all_gather, parts, padded, group=process_set.group)

    def finish() -> tuple[torch.Tensor, list[int]]:
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)]), counts

    return work, finish


def _row_counts(rows: torch.Tensor, process_set: ProcessSet) -> list[int]:
    """The number of rows of each rank, once it is known that all else is equal."""
    told: list[Any] = [None] * process_set.size()
    mine = (len(rows), tuple(rows.shape[1:]), str(rows.dtype))
    dist.all_gather_object(told, mine, group=process_set.group)
    if len({(shape, dtype) for _, shape, dtype in told}) > 1:
        shown = "; ".join(
            f"rank {rank}: rows of {list(shape)}, {dtype}"
            for rank, (_, shape, dtype) in zip(process_set.ranks, told, strict=True)
        )
        raise ValueError(f"allgather: tensors may differ in their first dimension only; {shown}")
    return [count for count, _, _ in told]


class _Allgather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, process_set: ProcessSet) -> torch.Tensor:
        work, finish = _begin(tensor.detach(), process_set)
        wait(work)
        result, counts = finish()
        ctx.process_set, ctx.counts, ctx.shape = process_set, counts, tensor.shape
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        """Sum what all ranks say about the rows of this one: the adjoint, not an average."""
        total = Reduction(op=Sum, process_set=ctx.process_set).apply(gradients[0])
        mine = torch.split(total, ctx.counts)[ctx.process_set.rank()]
        return mine.reshape(ctx.shape), None
