"""AllReduce of tensors that others do not see: through the slots of the shared segment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from jupyter_sdt.runtime.dataparallel.arithmetic import Combine, fold
from jupyter_sdt.runtime.dataparallel.exchange import Exchange
from jupyter_sdt.runtime.dataparallel.parts import part_of

# Up to here every rank reduces everything: once more arithmetic, but one meeting less.
SMALL_BYTES = 64 * 1024
_KEPT_PLANS = 256

Across = Callable[[torch.Tensor], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The views of one area for a chunk of so many elements of one dtype.

    Each rank reduces the part between the cuts. It leaves the other parts in its own slot, where
    their ranks find them; what they make of them is collected in the slot of rank 0.
    """

    cuts: list[int]  # lengths: before this rank's part, the part, after it
    given: tuple[torch.Tensor, torch.Tensor]  # this rank's slot, without its part
    parts: list[torch.Tensor]  # this rank's part in every slot
    taken: tuple[torch.Tensor, torch.Tensor]  # rank 0's slot, without this rank's part


class SlotReduction:
    """AllReduce through ``exchange``, in chunks of a slot."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._rank = exchange, exchange.rank
        self._plans: dict[tuple[torch.dtype, int, int], _Plan] = {}

    def all_reduce(
        self, tensor: torch.Tensor, function: Combine, across: Across | None = None
    ) -> None:
        """Combine ``tensor`` of all ranks, in place.

        ``across`` goes on with a part that this node's ranks have combined, in place.
        """
        if across is None and tensor.nbytes <= SMALL_BYTES:
            self._all_reduce_small(tensor, function)
            return
        step = self._exchange.slot_bytes // tensor.element_size()
        for start in range(0, tensor.numel(), step):
            self._all_reduce_chunk(tensor[start : start + step], function, across)

    def _all_reduce_small(self, tensor: torch.Tensor, function: Combine) -> None:
        if not tensor.numel():
            return
        slots = self._exchange.next_views(tensor.shape, tensor.dtype)
        slots[self._rank].copy_(tensor)
        self._exchange.meet()
        fold(function, slots, tensor)

    def _all_reduce_chunk(
        self, chunk: torch.Tensor, function: Combine, across: Across | None
    ) -> None:
        plan = self._plan(chunk.dtype, chunk.numel())
        before, own, after = chunk.split_with_sizes(plan.cuts)
        plan.given[0].copy_(before)
        plan.given[1].copy_(after)
        self._exchange.meet()
        part = plan.parts[0]
        if part.numel():
            fold(function, [*plan.parts[: self._rank], own, *plan.parts[self._rank + 1 :]], part)
            if across is not None:
                across(part)
            own.copy_(part)
        self._exchange.meet()
        before.copy_(plan.taken[0])
        after.copy_(plan.taken[1])

    def _plan(self, dtype: torch.dtype, count: int) -> _Plan:
        area = self._exchange.area
        slots = self._exchange.next_area()
        key = (dtype, count, area)
        if key not in self._plans:
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.clear()
            self._plans[key] = self._new_plan(slots, dtype, count)
        return self._plans[key]

    def _new_plan(self, slots: list[torch.Tensor], dtype: torch.dtype, count: int) -> _Plan:
        low, high = part_of(self._rank, self._exchange.ranks, count, dtype.itemsize)
        cuts = [low, high - low, count - high]
        views = [
            slot[: count * dtype.itemsize].view(dtype).split_with_sizes(cuts) for slot in slots
        ]
        mine, first = views[self._rank], views[0]
        return _Plan(cuts, (mine[0], mine[2]), [view[1] for view in views], (first[0], first[2]))
