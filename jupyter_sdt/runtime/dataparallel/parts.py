"""Which part of a tensor each rank reduces: equal parts, whatever the sizes of the layers in it."""

from __future__ import annotations

from jupyter_sdt.runtime.dataparallel.segment import LINE


def part_of(rank: int, ranks: int, count: int, size: int) -> tuple[int, int]:
    """Where the part of ``rank`` begins and ends, of ``count`` elements of ``size`` bytes each.

    Every part begins on a cache line.
    """
    line = LINE // size
    width = -(-count // (ranks * line)) * line
    low = min(rank * width, count)
    return low, min(low + width, count)
