"""Things that must stay together, from pairs of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def joined(things: Sequence[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Thing -> the first of all those it is joined with, directly or through others.

    First is by the order of ``things``, so that all ranks find the same. Disjoint sets with path
    halving (Tarjan and van Leeuwen 1984).
    """
    place = {thing: number for number, thing in enumerate(things)}
    parent = {thing: thing for thing in things}

    def find(thing: str) -> str:
        while parent[thing] != thing:
            parent[thing] = parent[parent[thing]]
            thing = parent[thing]
        return thing

    for one, other in pairs:
        first, second = sorted((find(one), find(other)), key=place.__getitem__)
        parent[second] = first
    return {thing: find(thing) for thing in things}
