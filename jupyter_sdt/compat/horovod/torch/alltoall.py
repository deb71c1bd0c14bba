"""alltoall and reducescatter: every rank gets a part of what every rank has; and barrier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist

from .compression import Compression, Compressor
from .handles import begin, started, synchronize, wait
from .process_sets import ProcessSet, global_process_set
from .reduction import ReduceOp, Reduction, choose_op

Splits = torch.Tensor | list[int]


def alltoall(
    tensor: torch.Tensor,
    splits: Splits | None = None,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Send ``splits[i]`` rows of ``tensor`` to the i-th rank; return the rows received.

    Without ``splits`` every rank gets as many; with them, a pair is returned: the rows, and how
    many came from each rank. Gradients flow back. Raises ValueError for splits that do not fit.
    """
    del name
    sent = _splits(tensor, splits, process_set)
    received = _received(sent, process_set)
    rows = _Alltoall.apply(tensor, sent, received, process_set)  # type: ignore[no-untyped-call]
    return rows if splits is None else (rows, torch.tensor(received, dtype=torch.int32))


def alltoall_async(
    tensor: torch.Tensor,
    splits: Splits | None = None,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> int:
    """Begin an alltoall; return a handle for ``synchronize``. The splits are exchanged at once."""
    del name
    sent = _splits(tensor, splits, process_set)
    received = _received(sent, process_set)
    work, rows = _exchange(tensor.detach(), sent, received, process_set)
    table = torch.tensor(received, dtype=torch.int32)
    return begin([work], lambda: rows if splits is None else (rows, table))


def reducescatter(
    tensor: torch.Tensor,
    name: str | None = None,
    compression: type[Compressor] = Compression.none,
    op: ReduceOp | None = None,
    process_set: ProcessSet = global_process_set,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
) -> torch.Tensor:
    """Return this rank's rows of the reduction over all ranks, without gradients.

    Where rows cannot be divided evenly, the first ranks get one more.
    """
    compressed, ctx = compression.compress(tensor)
    handle = reducescatter_async(
        compressed, name, op, process_set, prescale_factor, postscale_factor
    )
    return compression.decompress(synchronize(handle), ctx)


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
    reduction = Reduction(
        op=choose_op(op),
        prescale_factor=prescale_factor,
        postscale_factor=postscale_factor,
        process_set=process_set,
    )
    if tensor.requires_grad and torch.is_grad_enabled():
        raise NotImplementedError("reducescatter has no gradient here; give it tensor.detach()")
    whole = tensor.clone(memory_format=torch.contiguous_format)
    work, (index, parts) = reduction.start(whole), (process_set.rank(), process_set.size())

    def finish() -> torch.Tensor:
        return reduction.finish(whole).tensor_split(parts)[index].clone()

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


def barrier(process_set: ProcessSet = global_process_set) -> None:
    """Wait for all ranks of the set."""
    process_set.enter("barrier")
    wait(started(dist.barrier, group=process_set.group))


def _splits(tensor: torch.Tensor, splits: Splits | None, process_set: ProcessSet) -> list[int]:
    process_set.check()
    size, rows = process_set.size(), tensor.shape[0] if tensor.dim() else 0
    if splits is None:
        if rows % size:
            raise ValueError(f"alltoall: {rows} rows cannot be divided by {size}; give splits=")
        return [rows // size] * size
    wanted = [int(split) for split in splits]
    if len(wanted) != size or min(wanted) < 0 or sum(wanted) > rows:
        raise ValueError(
            f"alltoall: splits={wanted} must be {size} numbers of rows, together at most {rows}"
        )
    return wanted


def _received(sent: list[int], process_set: ProcessSet) -> list[int]:
    process_set.enter("alltoall")
    tables: list[Any] = [None] * process_set.size()
    dist.all_gather_object(tables, sent, group=process_set.group)
    return [table[process_set.rank()] for table in tables]


def _exchange(
    tensor: torch.Tensor, sent: list[int], received: list[int], process_set: ProcessSet
) -> tuple[Any, torch.Tensor]:
    given = tensor[: sum(sent)].contiguous()
    taken = given.new_empty((sum(received), *given.shape[1:]))
    group = process_set.group
    work = started(dist.all_to_all_single, taken, given, received, sent, group=group)
    return work, taken


class _Alltoall(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, tensor: torch.Tensor, sent: list[int], received: list[int], group: ProcessSet
    ) -> torch.Tensor:
        ctx.sent, ctx.received, ctx.group, ctx.rows = sent, received, group, len(tensor)
        work, taken = _exchange(tensor.detach(), sent, received, group)
        wait(work)
        return taken

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        work, taken = _exchange(gradients[0], ctx.received, ctx.sent, ctx.group)
        wait(work)
        rest = taken.new_zeros((ctx.rows - len(taken), *taken.shape[1:]))
        return torch.cat([taken, rest]), None, None, None
