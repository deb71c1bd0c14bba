"""Sharded data parallelism against torch's own fully_shard: samples a second, and memory.

``.venv/bin/python benchmarks/modelparallel/sharded.py [--quick]``; see README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "dataparallel"))

from forked_ranks import run_ranks
from sharded_ways import WAYS, measure_memory, measure_speed

from jupyter_sdt.scaling.conditions import current_conditions


def main() -> None:
    """Measure on 2 and on 4 ranks, print the table, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 ranks only, 5 rounds")
    parser.add_argument("--rounds", type=int, default=0)
    arguments = parser.parse_args()
    rounds = arguments.rounds or (5 if arguments.quick else 9)
    load = os.getloadavg()[0]
    print(f"{'ranks':>5} {'way':>12} {'ms a step':>10} {'MB a rank':>10} {'speed, ours = 1':>16}")
    results: dict[str, float] = {}
    for ranks in (2,) if arguments.quick else (2, 4):
        results |= rows(ranks, rounds)
    for name in ("sharded_torch_ratio", "sharded_torch_smddp_ratio"):
        results[name] = min(value for key, value in results.items() if key.startswith(name))
    print(f"\n{current_conditions(None)}; load before the run {load:.2f}; {rounds} rounds in turn")
    print(json.dumps({name: float(f"{value:.4g}") for name, value in results.items()}))


def rows(ranks: int, rounds: int) -> dict[str, float]:
    """Print a line for each way; return ours samples a second over theirs, and peaks of memory."""
    found = run_ranks(ranks, measure_speed, ranks, rounds)
    results: dict[str, float] = {}
    for name in WAYS:
        peak = run_ranks(ranks, measure_memory, ranks, name) / 1e6
        pairs = zip(found[name], found["ours"], strict=True)
        ratio = statistics.median(theirs / ours for theirs, ours in pairs)
        seconds = statistics.median(found[name])
        print(f"{ranks:>5} {name:>12} {1e3 * seconds:>10.1f} {peak:>10.0f} {1 / ratio:>16.2f}")
        results[f"sharded_{name}_mb_{ranks}"] = peak
        if name != "ours":
            results[f"sharded_{name}_ratio_{ranks}"] = ratio
    sys.stdout.flush()
    return results


if __name__ == "__main__":
    main()
