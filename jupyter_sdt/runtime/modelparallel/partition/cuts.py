"""Cutting a sequence into contiguous parts of nearly equal cost. Pure arithmetic.

The most expensive part sets the pace of a pipeline, so it decides first. Among cuts that are as
good up to ``slack``, the one with the smallest ``penalty`` is taken: fewer modules that are divided
mean fewer calls from stage to stage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf

Cut = tuple[int, ...]


def part_costs(costs: Sequence[float], cut: Cut) -> list[float]:
    """Cost of each part; ``cut`` holds where the parts after the first begin."""
    bounds = (0, *cut, len(costs))
    return [sum(costs[start:end]) for start, end in pairwise(bounds)]


def smallest_bound(costs: Sequence[float], parts: int) -> float:
    """The cost of the most expensive part, where it is as small as ``parts`` parts allow.

    None of the parts is empty. Dynamic programming over prefixes; what is before a boundary grows
    with it and what is after shrinks, so that the best one is found by bisection:
    O(parts x n x log n).
    """
    total = list(accumulate(costs, initial=0.0))
    best = total[:]
    for done in range(1, parts):
        following = [inf] * len(total)
        for end in range(done + 1, len(total)):
            start = _balance(best, total, done, end)
            candidates = {max(start - 1, done), start}
            following[end] = min(max(best[s], total[end] - total[s]) for s in candidates)
        best = following
    return best[-1]


def _balance(best: Sequence[float], total: Sequence[float], done: int, end: int) -> int:
    """The first boundary from which on what is before it costs at least as much as the rest."""
    low, high = done, end - 1
    while low < high:
        middle = (low + high) // 2
        if best[middle] >= total[end] - total[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def cut_evenly(
    costs: Sequence[float], penalties: Sequence[float], parts: int, slack: float = 0.04
) -> Cut:
    """Where the parts after the first begin, for the best cut into ``parts`` non-empty parts.

    ``penalties[i]`` is what a boundary before item ``i`` costs. No part costs more than
    ``1 + slack`` times the smallest possible maximum; among those cuts the sum of penalties is
    smallest, and among those the most expensive part. Ties go to the earlier boundary. The caller
    has checked that there are at least ``parts`` items.
    """
    bound = smallest_bound(costs, parts) * (1 + slack)
    found = _cheapest(costs, penalties, parts, bound * (1 + 1e-12))
    while True:
        limit = max(part_costs(costs, found))
        other = _cheapest(costs, penalties, parts, limit * (1 - 1e-9))
        if not other or _sum(penalties, other) > _sum(penalties, found):
            return found
        if max(part_costs(costs, other)) >= limit:  # nothing but rounding is left to gain
            return found
        found = other


def _sum(penalties: Sequence[float], cut: Cut) -> float:
    return sum(penalties[boundary] for boundary in cut)


def _cheapest(costs: Sequence[float], penalties: Sequence[float], parts: int, bound: float) -> Cut:
    """The cut with the smallest sum of penalties whose parts cost at most ``bound``; () for none.

    O(parts x n): a queue keeps the boundaries that may still be best, cheapest first.
    """
    total = list(accumulate(costs, initial=0.0))
    cheapest = [0.0] + [inf] * len(costs)
    steps: list[list[int]] = []
    for _ in range(parts):
        cheapest, before = _extend(cheapest, penalties, total, bound)
        steps.append(before)
    if cheapest[-1] == inf:
        return ()
    cut: list[int] = [len(costs)]
    for before in reversed(steps):
        cut.append(before[cut[-1]])
    return tuple(reversed(cut[1:-1]))


def _extend(
    cheapest: Sequence[float], penalties: Sequence[float], total: Sequence[float], bound: float
) -> tuple[list[float], list[int]]:
    """Add one part: the sums of penalties up to each end, and where that last part begins."""
    sums, starts = [inf] * len(total), [0] * len(total)
    queue: deque[tuple[float, int]] = deque()
    for end in range(1, len(total)):
        start = end - 1
        value = cheapest[start] + (penalties[start] if start else 0.0)
        while queue and queue[-1][0] > value:
            queue.pop()
        if value < inf:
            queue.append((value, start))
        while queue and total[end] - total[queue[0][1]] > bound:
            queue.popleft()
        if queue:
            sums[end], starts[end] = queue[0]
    return sums, starts
