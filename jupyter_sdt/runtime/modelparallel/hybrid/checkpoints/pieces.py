"""Where a part of a peer's slice lies in the whole tensor. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A box contiguous in both: ``inner`` its corner in the part, ``outer`` in the whole."""

    inner: tuple[int, ...]
    outer: tuple[int, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The slice that peer ``rank`` of ``peers`` holds of one tensor; ``length`` along its axis.

    The whole of one cut may be a slice of another: see :func:`all_pieces`.
    """

    part: TensorSlice
    rank: int
    peers: int
    length: int

    def whole_size(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """The size of the whole tensor, of which the slice has ``sizes``."""
        return self._replaced(sizes, self.length * self.peers)

    def pieces(self, offsets: Sequence[int], sizes: Sequence[int]) -> Iterator[Piece]:
        """Cut the box at ``offsets`` of the slice where it goes over into another block."""
        axis, block = self.part.axis, self.length // self.part.blocks
        first, last = offsets[axis], offsets[axis] + sizes[axis]
        for number in range(self.part.blocks):
            begin, end = max(first, number * block), min(last, (number + 1) * block)
            if begin >= end:
                continue
            start = (number * self.peers + self.rank) * block + begin - number * block
            yield Piece(
                inner=self._replaced([0] * len(sizes), begin - first),
                outer=self._replaced(offsets, start),
                sizes=self._replaced(sizes, end - begin),
            )

    def _replaced(self, sizes: Sequence[int], value: int) -> tuple[int, ...]:
        return tuple(value if n == self.part.axis else size for n, size in enumerate(sizes))


def all_pieces(cuts: Sequence[Cut], offsets: Sequence[int], sizes: Sequence[int]) -> list[Piece]:
    """Cut a box of a slice of a slice: ``cuts`` from the inner one outwards."""
    start = tuple([0] * len(sizes))
    found = [Piece(inner=start, outer=tuple(offsets), sizes=tuple(sizes))]
    for cut in cuts:
        found = [
            Piece(inner=_moved(piece.inner, part.inner), outer=part.outer, sizes=part.sizes)
            for piece in found
            for part in cut.pieces(piece.outer, piece.sizes)
        ]
    return found


def _moved(corner: Sequence[int], by: Sequence[int]) -> tuple[int, ...]:
    return tuple(first + second for first, second in zip(corner, by, strict=True))
