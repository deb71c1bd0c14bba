"""How near the automatic partition comes to the best contiguous cut, over model families.

``.venv/bin/python benchmarks/modelparallel/partition.py``
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise

import torch
from families import FAMILIES
from published import published_costs

from jupyter_sdt.runtime.modelparallel.partition import assign_stages, measure_costs
from jupyter_sdt.runtime.modelparallel.partition.costs import mix_costs
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step
from jupyter_sdt.runtime.modelparallel.partition.tree import read_tree
from jupyter_sdt.runtime.modelparallel.partition.units import Unit, list_units
from jupyter_sdt.scaling.conditions import current_conditions

STAGES = (2, 3, 4, 8)
_MOST_CUTS = 100_000  # above, a plain table of all prefixes replaces trying every cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One family on one number of stages: the most expensive stage over the best cut's."""

    family: str
    stages: int
    units: int
    ours: float
    published: float


def partition_rows() -> Iterator[Row]:
    """Measure every family once; divide it for each number of stages."""
    for family, (build, inputs) in FAMILIES.items():
        torch.manual_seed(0)
        model = build()
        costs = measure_costs(model, one_step(model, *inputs()))
        tree = read_tree(model)
        units = list_units(tree, costs, mix_costs(tree, costs, 0.8))
        for stages in STAGES:
            best = best_cut([unit.cost for unit in units], stages)
            ours = max(assign_stages(model, stages, costs=costs).cost)
            yield _row(
                family, units, stages, (ours / best, max(published_costs(units, stages)) / best)
            )


def _row(family: str, units: Sequence[Unit], stages: int, ratios: tuple[float, float]) -> Row:
    return Row(family=family, stages=stages, units=len(units), ours=ratios[0], published=ratios[1])


def best_cut(costs: Sequence[float], stages: int) -> float:
    """The smallest possible cost of the most expensive stage, found without our own search."""
    total = list(accumulate(costs, initial=0.0))
    many = 1
    for number in range(1, stages):
        many = many * (len(costs) - number) // number
    if many <= _MOST_CUTS:
        cuts = combinations(range(1, len(costs)), stages - 1)
        return min(_dearest(total, (0, *cut, len(costs))) for cut in cuts)
    best = total
    for _ in range(stages - 1):
        best = [
            min((max(best[s], total[end] - total[s]) for s in range(1, end)), default=1.0)
            for end in range(len(costs) + 1)
        ]
    return best[-1]


def _dearest(total: Sequence[float], bounds: Sequence[int]) -> float:
    return max(total[end] - total[start] for start, end in pairwise(bounds))


def partition_ratio() -> float:
    """The worst of all families and numbers of stages, after printing each."""
    rows = list(partition_rows())
    print(f"{'most expensive stage over the best cut':40} {'units':>5} {'ours':>6} {'by level':>9}")
    for row in rows:
        name = f"{row.family}, {row.stages} stages"
        print(f"{name:40} {row.units:5} {row.ours:6.3f} {row.published:9.3f}")
    worst = max(row.ours for row in rows), max(row.published for row in rows)
    print(f"worst: ours {worst[0]:.3f}, level by level {worst[1]:.3f}")
    return worst[0]


if __name__ == "__main__":
    worst = partition_ratio()
    print(f"\n{current_conditions(None)}")
    print(json.dumps({"partition_ratio": round(worst, 4)}))
