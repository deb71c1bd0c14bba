"""Rows of blocks in a model: ``h.0``, ``h.1``, ... and which of them lie on several stages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

# With fewer of them for each stage a cut between two is far from even.
_BLOCKS_FOR_EACH_STAGE = 2


def divided_blocks(stage_of: Mapping[str, int]) -> dict[str, list[int]]:
    """Name of a block -> its stages, where there are several, in a row of enough blocks."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for name, stage in stage_of.items():
        found[_block_around(name)].add(stage)
    rows = Counter(block.rpartition(".")[0] for block in found if block)
    enough = _BLOCKS_FOR_EACH_STAGE * len(set(stage_of.values()))
    return {
        block: sorted(stages)
        for block, stages in found.items()
        if block and len(stages) > 1 and rows[block.rpartition(".")[0]] >= enough
    }


def _block_around(name: str) -> str:
    """``h.3`` for what is in it; "" for what is in no row. Of rows in rows the outermost counts."""
    parts = name.split(".")
    place = next((place for place, part in enumerate(parts) if part.isdigit()), -1)
    return ".".join(parts[: place + 1])
