"""The published way to divide a module tree, for comparison: https://arxiv.org/abs/2111.05972.

From the root down: the children of a module are cut into contiguous segments of nearly equal cost,
the devices of the module are handed out to the segments in proportion to their costs (d'Hondt), and
a segment that got several is divided further; one that got none stays with its neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from jupyter_sdt.runtime.modelparallel.partition.cuts import cut_evenly
from jupyter_sdt.runtime.modelparallel.partition.units import Unit


def published_costs(units: Sequence[Unit], stages: int) -> list[float]:
    """Cost of each stage when the tree above ``units`` is divided level by level."""
    sums = [0.0] * stages
    _divide(units, list(range(stages)), 0, sums)
    return sums


def _divide(units: Sequence[Unit], devices: list[int], depth: int, sums: list[float]) -> None:
    if len(devices) == 1 or len(units) == 1:
        sums[devices[0]] += sum(unit.cost for unit in units)
        return
    children = _children(units, depth)
    if len(children) == 1:
        _divide(units, devices, depth + 1, sums)
        return
    for segment, given in zip(*_segments(children, devices), strict=True):
        _divide(segment, given, depth, sums)


def _children(units: Sequence[Unit], depth: int) -> list[list[Unit]]:
    """Units of one child of the module at ``depth`` together."""
    found: list[list[Unit]] = []
    names = []
    for unit in units:
        path = (*unit.callers, unit.home)
        name = path[min(depth + 1, len(path) - 1)]
        if names and names[-1] == name:
            found[-1].append(unit)
        else:
            names.append(name)
            found.append([unit])
    return found


def _segments(
    children: list[list[Unit]], devices: list[int]
) -> tuple[list[list[Unit]], list[list[int]]]:
    costs = [sum(unit.cost for unit in child) for child in children]
    count = min(len(children), len(devices))
    starts = cut_evenly(costs, [0.0] * len(costs), count, 0.0)
    parts = [children[a:b] for a, b in pairwise((0, *starts, len(children)))]
    segments = [[unit for child in part for unit in child] for part in parts]
    votes = [sum(unit.cost for unit in segment) for segment in segments]
    seats = _dhondt(votes, len(devices), 0)
    if len(devices) in seats:  # one would get all, and be the same problem again
        seats = _dhondt(votes, len(devices), 1)
    segments, seats = _with_seats(segments, seats)
    ends = list(accumulate(seats, initial=0))
    return segments, [devices[a:b] for a, b in pairwise(ends)]


def _dhondt(votes: Sequence[float], seats: int, least: int) -> list[int]:
    """``least`` seats each; every further one to the largest vote per seat."""
    won = [least] * len(votes)
    for _ in range(seats - sum(won)):
        most = max(range(len(votes)), key=lambda number: votes[number] / (won[number] + 1))
        won[most] += 1
    return won


def _with_seats(segments: list[list[Unit]], seats: list[int]) -> tuple[list[list[Unit]], list[int]]:
    """Segments without a device join the one before them, the first ones the one after."""
    kept: list[list[Unit]] = []
    waiting: list[Unit] = []
    for segment, number in zip(segments, seats, strict=True):
        if number:
            kept.append([*waiting, *segment])
            waiting = []
        elif kept:
            kept[-1] += segment
        else:
            waiting += segment
    return kept, [number for number in seats if number]
