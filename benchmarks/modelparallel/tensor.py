"""Tensor parallelism on a GPT block: 2 ranks, against DTensor and against one process.

``.venv/bin/python benchmarks/modelparallel/tensor.py [--quick]``; see README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "dataparallel"))

from divided_blocks import PEERS, Block, measure
from forked_ranks import run_ranks

from jupyter_sdt.scaling.conditions import current_conditions

BLOCKS = (
    Block("large", 1024, 16, 8, 128),
    Block("medium", 512, 8, 4, 64),
    Block("small", 256, 8, 4, 64),
)


def main() -> None:
    """Measure both blocks, print the table, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the large block, 5 rounds")
    parser.add_argument("--rounds", type=int, default=0)
    arguments = parser.parse_args()
    quick = arguments.quick
    rounds = arguments.rounds or (5 if quick else 15)
    load = os.getloadavg()[0]
    print(f"{'ms':>6} {'one':>8} {'ours':>8} {'prescaled':>10} {'DTensor':>8} {'over smddp':>10}")
    results: dict[str, float] = {}
    for block in BLOCKS[:1] if quick else BLOCKS:
        results |= row(block, run_ranks(PEERS, measure, block, rounds))
    print(f"\n{current_conditions(None)}; load before the run {load:.2f}; {rounds} rounds in turn")
    print(json.dumps({name: float(f"{value:.4g}") for name, value in results.items()}))


def row(block: Block, found: dict[str, list[float]]) -> dict[str, float]:
    """Print a line of the table, best rounds; return how many times faster ours is.

    Of each ratio there are two: the median over rounds, and that of the best rounds, which other
    work on the machine disturbs least.
    """
    milliseconds = {name: 1e3 * min(times) for name, times in found.items()}
    widths = {"one": 8, "ours": 8, "prescaled": 10, "dtensor": 8, "dtensor_smddp": 10}
    cells = " ".join(f"{milliseconds[name]:>{width}.1f}" for name, width in widths.items())
    print(f"{block.name:>6} {cells}", flush=True)
    ratios = {}
    for mine in ("ours", "prescaled"):
        for other in ("one", "dtensor", "dtensor_smddp"):
            name = f"tensor_{mine}_over_{other}_{block.name}"
            pairs = zip(found[mine], found[other], strict=True)
            ratios[name] = statistics.median(theirs / ours for ours, theirs in pairs)
            ratios[f"{name}_best"] = milliseconds[other] / milliseconds[mine]
    return ratios


if __name__ == "__main__":
    main()
