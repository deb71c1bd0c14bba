"""Collectives of the ranks of one node through a shared segment.

Every use of an area (one slot of each rank) writes, meets, and reads; the next use takes the other
area. Whoever writes an area again has met everybody in the use between, hence all have read it.
The sum of a part is made once, from the first rank to the last, and copied: all ranks get the same
bits. Tensors are one-dimensional and contiguous.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from jupyter_sdt.errors import CollectiveError
from jupyter_sdt.runtime.dataparallel.arithmetic import Combine, fold
from jupyter_sdt.runtime.dataparallel.meeting import Meeting, PlacesDifferError
from jupyter_sdt.runtime.dataparallel.segment import AREAS, HEADER, LINE, PLACE, Segment

# Up to here every rank reduces everything: once more arithmetic, but one meeting less.
SMALL_BYTES = 64 * 1024
_KEPT_PLANS = 256
_BLOCK_BYTES = 512 * 1024  # what stays in a core's cache between its sum and its copies

# What travels between nodes at once, and how many of them wait for their turn.
_WIRE_BYTES, _WIRE_DEPTH = 2 << 20, 2

Across = Callable[[torch.Tensor], None]
Start = Callable[[torch.Tensor], Callable[[], None]]


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


class Exchange:
    """Collectives of ``segment``'s ranks, each of whom calls the same in the same order."""

    def __init__(self, segment: Segment, meeting: Meeting) -> None:
        self._rank, self._ranks = segment.rank, segment.shape.ranks
        self._slot = segment.shape.slot
        self._meeting = meeting
        self._slots = [[segment.slot(a, r) for r in range(self._ranks)] for a in range(AREAS)]
        self._area = 0
        self._plans: dict[tuple[torch.dtype, int, int], _Plan] = {}
        self._doing, self._header, self._place = "", b"", b""

    def begin(self, header: str, place: str = "") -> None:
        """Say what comes next: at their first meeting ranks compare what they have said.

        ``place`` says where in shared memory the tensor lies.
        """
        self._doing, self._header = header, header.encode()[: HEADER - PLACE - 1]
        self._place = place.encode()

    def end(self) -> None:
        """Make up for the meeting of a collective that had nothing to bring."""
        if self._header:
            self.meet()

    def meet(self) -> None:
        """A barrier. Raises CollectiveError when a rank is gone, late, or of another opinion.

        Raises PlacesDifferError on all ranks where that is all they disagree on.
        """
        header, self._header = self._header, b""
        if not header:
            self._meeting.meet(self._doing)
            return
        try:
            self._meeting.agree(header, self._place)
        except (CollectiveError, PlacesDifferError):
            self._area = 0  # whatever each was about to do, all are here again
            raise

    def all_reduce(
        self, tensor: torch.Tensor, function: Combine, across: Across | None = None
    ) -> None:
        """Combine ``tensor`` of all ranks, in place.

        ``across`` goes on with a part that this node's ranks have combined, in place.
        """
        if across is None and tensor.nbytes <= SMALL_BYTES:
            self._all_reduce_small(tensor, function)
            return
        step = self._slot // tensor.element_size()
        for start in range(0, tensor.numel(), step):
            self._all_reduce_chunk(tensor[start : start + step], function, across)

    def _all_reduce_small(self, tensor: torch.Tensor, function: Combine) -> None:
        if not tensor.numel():
            return
        slots = [slot[: tensor.nbytes].view(tensor.dtype) for slot in self._next_area()]
        slots[self._rank].copy_(tensor)
        self.meet()
        fold(function, slots, tensor)

    def _all_reduce_chunk(
        self, chunk: torch.Tensor, function: Combine, across: Across | None
    ) -> None:
        plan = self._plan(chunk.dtype, chunk.numel())
        before, own, after = chunk.split_with_sizes(plan.cuts)
        plan.given[0].copy_(before)
        plan.given[1].copy_(after)
        self.meet()
        part = plan.parts[0]
        if part.numel():
            fold(function, [*plan.parts[: self._rank], own, *plan.parts[self._rank + 1 :]], part)
            if across is not None:
                across(part)
            own.copy_(part)
        self.meet()
        before.copy_(plan.taken[0])
        after.copy_(plan.taken[1])

    def _plan(self, dtype: torch.dtype, count: int) -> _Plan:
        area = self._area
        slots = self._next_area()
        key = (dtype, count, area)
        if key not in self._plans:
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.clear()
            self._plans[key] = self._new_plan(slots, dtype, count)
        return self._plans[key]

    def _new_plan(self, slots: list[torch.Tensor], dtype: torch.dtype, count: int) -> _Plan:
        low, high = self._bounds(count, dtype.itemsize)
        cuts = [low, high - low, count - high]
        views = [
            slot[: count * dtype.itemsize].view(dtype).split_with_sizes(cuts) for slot in slots
        ]
        mine, first = views[self._rank], views[0]
        return _Plan(cuts, (mine[0], mine[2]), [view[1] for view in views], (first[0], first[2]))

    def all_reduce_in_place(
        self, views: Sequence[torch.Tensor], function: Combine, divisor: int
    ) -> None:
        """Combine ``views``, the same elements of all ranks, where they lie in shared memory.

        Each rank makes a part, divides it and writes it to all. All ranks have met before, so that
        nobody still works on them.
        """
        for pieces in self._own(views, _BLOCK_BYTES):
            fold(function, pieces, pieces[0])
            if divisor > 1:
                pieces[0].div_(divisor)
            _spread(pieces)
        self.meet()

    def all_reduce_across(
        self, views: Sequence[torch.Tensor], function: Combine, start: Start
    ) -> None:
        """As :meth:`all_reduce_in_place`, with the other nodes' between combining and writing.

        ``start`` begins that for a piece; while it is on its way the next ones are combined.
        """
        under_way: deque[tuple[list[torch.Tensor], Callable[[], None]]] = deque()
        for pieces in self._own(views, _WIRE_BYTES):
            fold(function, pieces, pieces[0])
            under_way.append((pieces, start(pieces[0])))
            if len(under_way) > _WIRE_DEPTH:
                _arrive(*under_way.popleft())
        while under_way:
            _arrive(*under_way.popleft())
        self.meet()

    def _own(self, views: Sequence[torch.Tensor], block_bytes: int) -> Iterator[list[torch.Tensor]]:
        """The part of ``views`` that this rank makes, in blocks of so many bytes."""
        low, high = self._bounds(views[0].numel(), views[0].element_size())
        block = block_bytes // views[0].element_size()
        for start in range(low, high, block):
            yield [view[start : min(start + block, high)] for view in views]

    def _bounds(self, count: int, size: int) -> tuple[int, int]:
        """Where the part of this rank begins and ends; every part begins on a cache line."""
        line = LINE // size
        width = -(-count // (self._ranks * line)) * line
        low = min(self._rank * width, count)
        return low, min(low + width, count)

    def broadcast(self, tensor: torch.Tensor, root: int) -> None:
        """Copy the bytes of rank ``root`` to all others."""
        for start in range(0, tensor.numel(), self._slot):
            piece = tensor[start : start + self._slot]
            slot = self._next_area()[root][: piece.numel()]
            if self._rank == root:
                slot.copy_(piece)
            self.meet()
            if self._rank != root:
                piece.copy_(slot)

    def all_gather(self, outputs: Sequence[torch.Tensor], tensor: torch.Tensor) -> None:
        """Copy the bytes of every rank to ``outputs`` of all."""
        outputs[self._rank].copy_(tensor)
        for start in range(0, tensor.numel(), self._slot):
            piece = tensor[start : start + self._slot]
            slots = self._next_area()
            slots[self._rank][: piece.numel()].copy_(piece)
            self.meet()
            for rank in self._others():
                outputs[rank][start : start + self._slot].copy_(slots[rank][: piece.numel()])

    def reduce_scatter(
        self, output: torch.Tensor, inputs: Sequence[torch.Tensor], function: Combine
    ) -> None:
        """Combine ``inputs[r]`` of all ranks into ``output`` of rank r."""
        room = self._slot // self._ranks // LINE * LINE
        step = room // output.element_size()
        for start in range(0, output.numel(), step):
            pieces = [tensor[start : start + step] for tensor in inputs]
            slots = [slot.view(output.dtype) for slot in self._next_area()]
            for rank in self._others():
                slots[self._rank][rank * step :][: pieces[rank].numel()].copy_(pieces[rank])
            self.meet()
            size = pieces[self._rank].numel()
            sources = [slot[self._rank * step :][:size] for slot in slots]
            sources[self._rank] = pieces[self._rank]
            result = output[start : start + step]
            fold(function, sources, result)

    def _others(self) -> list[int]:
        return [rank for rank in range(self._ranks) if rank != self._rank]

    def _next_area(self) -> list[torch.Tensor]:
        slots = self._slots[self._area]
        self._area = (self._area + 1) % AREAS
        return slots


def _arrive(pieces: list[torch.Tensor], finish: Callable[[], None]) -> None:
    finish()
    _spread(pieces)


def _spread(pieces: list[torch.Tensor]) -> None:
    """Write the first of them to the others."""
    for piece in pieces[1:]:
        piece.copy_(pieces[0])
