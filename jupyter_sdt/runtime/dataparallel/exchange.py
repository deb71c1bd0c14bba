"""Collectives of the ranks of one node through a shared segment.

Every use of an area (one slot of each rank) writes, meets, and reads; the next use takes the other
area. Whoever writes an area again has met everybody in the use between, hence all have read it.
The sum of a part is made once, from the first rank to the last, and copied: all ranks get the same
bits. Tensors are one-dimensional and contiguous.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from jupyter_sdt.errors import CollectiveError
from jupyter_sdt.runtime.dataparallel.arithmetic import Combine, fold
from jupyter_sdt.runtime.dataparallel.meeting import Meeting, PlacesDifferError
from jupyter_sdt.runtime.dataparallel.segment import AREAS, HEADER, LINE, PLACE, Segment

_KEPT_VIEWS = 512


class Exchange:
    """Collectives of ``segment``'s ranks, each of whom calls the same in the same order."""

    def __init__(self, segment: Segment, meeting: Meeting) -> None:
        self.rank, self.ranks = segment.rank, segment.shape.ranks
        self.slot_bytes = segment.shape.slot
        self.area = 0  # the next one
        self._meeting = meeting
        self._slots = [[segment.slot(a, r) for r in range(self.ranks)] for a in range(AREAS)]
        self._views: dict[tuple[torch.Size, torch.dtype, int], list[torch.Tensor]] = {}
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
            self.area = 0  # whatever each was about to do, all are here again
            raise

    def broadcast(self, tensor: torch.Tensor, root: int) -> None:
        """Copy the bytes of rank ``root`` to all others."""
        for start in range(0, tensor.numel(), self.slot_bytes):
            piece = tensor[start : start + self.slot_bytes]
            slot = self.next_area()[root][: piece.numel()]
            if self.rank == root:
                slot.copy_(piece)
            self.meet()
            if self.rank != root:
                piece.copy_(slot)

    def all_gather(self, outputs: Sequence[torch.Tensor], tensor: torch.Tensor) -> None:
        """Copy the bytes of every rank to ``outputs`` of all."""
        outputs[self.rank].copy_(tensor)
        for start in range(0, tensor.numel(), self.slot_bytes):
            piece = tensor[start : start + self.slot_bytes]
            slots = self.next_area()
            slots[self.rank][: piece.numel()].copy_(piece)
            self.meet()
            for rank in self._others():
                outputs[rank][start : start + self.slot_bytes].copy_(slots[rank][: piece.numel()])

    def reduce_scatter(
        self, output: torch.Tensor, inputs: Sequence[torch.Tensor], function: Combine
    ) -> None:
        """Combine ``inputs[r]`` of all ranks into ``output`` of rank r."""
        room = self.slot_bytes // self.ranks // LINE * LINE
        step = room // output.element_size()
        for start in range(0, output.numel(), step):
            pieces = [tensor[start : start + step] for tensor in inputs]
            slots = [slot.view(output.dtype) for slot in self.next_area()]
            for rank in self._others():
                slots[self.rank][rank * step :][: pieces[rank].numel()].copy_(pieces[rank])
            self.meet()
            size = pieces[self.rank].numel()
            sources = [slot[self.rank * step :][:size] for slot in slots]
            sources[self.rank] = pieces[self.rank]
            result = output[start : start + step]
            fold(function, sources, result)

    def _others(self) -> list[int]:
        return [rank for rank in range(self.ranks) if rank != self.rank]

    def next_area(self) -> list[torch.Tensor]:
        """The slots of all ranks in the area whose turn it is."""
        slots = self._slots[self.area]
        self.area = (self.area + 1) % AREAS
        return slots

    def next_views(self, shape: torch.Size, dtype: torch.dtype) -> list[torch.Tensor]:
        """The same slots as tensors of this ``shape``, kept for the next time."""
        key = (shape, dtype, self.area)
        slots = self.next_area()
        if key not in self._views:
            if len(self._views) >= _KEPT_VIEWS:
                self._views.clear()
            size = shape.numel() * dtype.itemsize
            self._views[key] = [slot[:size].view(dtype).view(shape) for slot in slots]
        return self._views[key]
