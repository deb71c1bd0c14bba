"""How much of the bound each way to train reaches: both take turns, round by round."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from pairs import Memory, Pair
from ways import WAYS


@dataclass
class Trained:
    """One way beside the bound: seconds of a step by round, and the memory of its ranks."""

    way: str
    seconds: list[float] = field(default_factory=list)
    bound: list[float] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How much of the bound it reaches: median over rounds of bound / time."""
        return statistics.median(b / s for b, s in zip(self.bound, self.seconds, strict=True))


def train(model: str, rounds: int, steps: int) -> list[Trained]:
    """Train ``model`` in all ways, one after the other, each in turn with the bound."""
    bound = Pair("independent", model)
    found = [_in_turn(bound, Trained(way), model, (rounds, steps)) for way in list(WAYS)[1:]]
    bound.close()
    return found


def _in_turn(bound: Pair, row: Trained, model: str, amount: tuple[int, int]) -> Trained:
    rounds, steps = amount
    pair = Pair(row.way, model)
    for _ in range(rounds):
        row.bound.append(bound.round(steps))
        row.seconds.append(pair.round(steps))
    row.memory = pair.close()
    return row


def beside(first: str, other: str, model: str, amount: tuple[int, int], ranks: int = 2) -> float:
    """Median over rounds of the time of ``other`` divided by that of ``first``."""
    rounds, steps = amount
    pairs = [Pair(way, model, ranks) for way in (first, other)]
    ratios = []
    for _ in range(rounds):
        known, asked = (pair.round(steps) for pair in pairs)
        ratios.append(asked / known)
    for pair in pairs:
        pair.close()
    return statistics.median(ratios)


def report(model: str, rows: list[Trained]) -> dict[str, float]:
    """Print medians, shares and memory; return the shares by their names in the JSON line."""
    first = statistics.median(second for row in rows for second in row.bound)
    print(f"\nTraining step, {model}, 2 ranks of 1 thread; the bound does not communicate")
    print(f"{'':>24} {'ms':>9} {'share':>6} {'peak MB':>8} {'PSS MB':>7}")
    print(f"{'bound (independent)':>24} {1e3 * first:>9.1f} {1:>6.2f}")
    for row in rows:
        peak = max(memory.peak for memory in row.memory)
        pss = max(memory.proportional for memory in row.memory)
        seconds = 1e3 * statistics.median(row.seconds)
        print(f"{row.way:>24} {seconds:>9.1f} {row.share:>6.2f} {peak:>8.0f} {pss:>7.0f}")
    return {_name(row.way, model): row.share for row in rows}


def _name(way: str, model: str) -> str:
    tails = {"ours_shared_optimizer": "", "ours": "_unmodified"}
    return f"step_bound_share_{model}{tails.get(way, f'_{way}')}"
