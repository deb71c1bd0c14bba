"""Collectives of rows for divided layers, which call the same ones in every step and wait for them.

What is sent is small, and most of a small collective's time is its way here through torch. These
are called directly, and what they need is kept from the first call: views of slots, words for
headers.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel.exchange import Exchange
from jupyter_sdt.runtime.dataparallel.headers import described
from jupyter_sdt.runtime.dataparallel.work import Line


class Rows:
    """AllGather, ReduceScatter and AllReduce along the first axis, at once, within one node.

    Each returns None where it must be done in the usual way: for tensors bigger than a slot, of
    dtypes without a sum, and on other devices. All ranks may mix these calls with the usual ones.
    Raises CollectiveError as those do.
    """

    def __init__(self, exchange: Exchange, line: Line) -> None:
        self._exchange, self._line = exchange, line
        self._rank, self._ranks = exchange.rank, exchange.ranks

    def gather(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """[N, ...] of each rank -> [N x ranks, ...]."""
        mine = tensor.detach()  # first: what lies on another stage is fetched here
        if not self._begin("all_gather", mine):
            return None
        try:
            slots = self._exchange.next_views(mine.shape, mine.dtype)
            slots[self._rank].copy_(mine)
            self._exchange.meet()
            return torch.cat([mine if n == self._rank else slot for n, slot in enumerate(slots)])
        finally:
            self._line.end_now()

    def scatter(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """[N x ranks, ...] of each rank, summed -> [N, ...], the rows of this rank."""
        whole = tensor.detach()
        if not self._begin("reduce_scatter", whole):
            return None
        try:
            slots = self._exchange.next_views(whole.shape, whole.dtype)
            mine, others = whole.chunk(self._ranks), slots[self._rank]
            for number, part in enumerate(others.chunk(self._ranks)):
                if number != self._rank:
                    part.copy_(mine[number])
            self._exchange.meet()
            parts = [slot.chunk(self._ranks)[self._rank] for slot in slots]
            parts[self._rank] = mine[self._rank]
            return _total(parts)
        finally:
            self._line.end_now()

    def sum(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """The sum over ranks, in place and bit by bit the same on all; for two ranks."""
        mine = tensor.detach()
        if self._ranks != 2 or not self._begin("all_reduce", mine):
            return None
        try:
            slots = self._exchange.next_views(mine.shape, mine.dtype)
            slots[self._rank].copy_(mine)
            self._exchange.meet()
            mine.add_(slots[1 - self._rank])  # which number is first changes no bit
            return tensor
        finally:
            self._line.end_now()

    def _begin(self, name: str, tensor: torch.Tensor) -> bool:
        """Say what comes, unless it is not for us. Nobody else's collective runs meanwhile."""
        if not (0 < tensor.nbytes <= self._exchange.slot_bytes and _is_plain(tensor)):
            return False
        self._line.begin_now()
        op = None if name == "all_gather" else dist.ReduceOp.SUM
        self._exchange.begin(described(f"{name} of rows", tensor.dtype, ((tensor.numel(),),), op))
        return True


def rows_of(process_group: Any) -> Rows | None:
    """The direct collectives of ``process_group``; None for other backends and over nodes."""
    found = getattr(process_group, "rows", None)
    return found if isinstance(found, Rows) else None


def _is_plain(tensor: torch.Tensor) -> bool:
    strided = tensor.layout == torch.strided and tensor.is_cpu and not tensor.is_quantized
    return strided and tensor.dtype != torch.bool and not tensor.is_complex()


def _total(parts: list[torch.Tensor]) -> torch.Tensor:
    if len(parts) == 1:
        return parts[0].clone()
    found = parts[0] + parts[1]
    for part in parts[2:]:
        found.add_(part)
    return found
