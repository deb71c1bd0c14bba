"""Attention with linear biases: scores fall with the distance, at a slope of each head's own.

Press et al., arXiv 2108.12409.
"""

from __future__ import annotations

import math

import torch


def slopes(heads: int, bias_max: float = 8.0) -> list[float]:
    """The slope of each of ``heads``: a geometric sequence down to 2 ** -``bias_max``."""
    lower = 2 ** math.floor(math.log2(heads))
    found = _powers(lower, bias_max)
    # For other numbers, as in the paper: every other one of the next longer sequence.
    return found + _powers(2 * lower, bias_max)[::2][: heads - lower]


def bias(slope: torch.Tensor, queries: int, keys: int) -> torch.Tensor:
    """What is added to scores: [heads, queries, keys], for ``slope`` [heads].

    The last query stands beside the last key.
    """
    last = keys - queries
    rows = torch.arange(last, keys, device=slope.device)
    columns = torch.arange(keys, device=slope.device)
    return slope[:, None, None] * -(rows[:, None] - columns).abs().to(slope.dtype)


def _powers(count: int, bias_max: float) -> list[float]:
    return [2.0 ** (-bias_max * number / count) for number in range(1, count + 1)]
