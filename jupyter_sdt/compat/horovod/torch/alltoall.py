"""alltoall: every rank gets a part of what every rank has; and barrier."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from .handles import begin, started, wait
from .process_sets import ProcessSet, global_process_set

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
