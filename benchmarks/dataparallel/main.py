"""AllReduce and training steps over shared memory, against gloo in the same run.

``.venv/bin/python benchmarks/dataparallel/main.py [--quick]``; see README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics

from forked_ranks import run_ranks
from measurements import AllReduce, Steps, all_reduce, steps

from jupyter_sdt.scaling.conditions import current_conditions

SIZES_KB = (4, 64, 1024, 4096, 25 * 1024, 100 * 1024, 256 * 1024)
ASKED_KB = {64: "64kb", 1024: "1mb", 25 * 1024: "25mb"}


def main() -> None:
    """Measure everything, print the tables, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 rounds and 25 MB at most")
    quick = parser.parse_args().quick
    rounds, sizes = (5, SIZES_KB[:5]) if quick else (15, SIZES_KB)
    load = os.getloadavg()[0]
    results: dict[str, float] = {}
    for ranks in (2, 4):
        reduced = run_ranks(ranks, all_reduce, [kb * 1024 for kb in sizes], rounds)
        print_all_reduce(ranks, reduced)
        results |= ratios(ranks, reduced)
    trained = run_ranks(2, steps, rounds)
    print_steps(trained)
    results |= {f"step_bound_share_{name}": share for name, share in shares(trained).items()}
    print(f"\n{current_conditions(None)}; load before the run {load:.2f}; {rounds} rounds in turn")
    print(json.dumps({name: float(f"{value:.4g}") for name, value in results.items()}))


def print_all_reduce(ranks: int, reduced: list[AllReduce]) -> None:
    """Medians in milliseconds and the ratio of each round's pair."""
    print(f"\nAllReduce, {ranks} ranks, float32, any tensor: median ms of one call")
    print(f"{'KB':>8} {'smddp':>9} {'gloo':>9} {'ratio':>7} {'floor':>9}  (floor: one copy)")
    for row in reduced:
        medians = [1e3 * statistics.median(times) for times in (row.ours, row.gloo, row.floor)]
        print(
            f"{row.size // 1024:>8} {medians[0]:>9.3f} {medians[1]:>9.3f} {row.ratio:>7.2f} "
            f"{medians[2]:>9.3f}"
        )


def ratios(ranks: int, reduced: list[AllReduce]) -> dict[str, float]:
    """The ratios that are asked for by name."""
    tail = "" if ranks == 2 else f"_{ranks}ranks"
    return {
        f"allreduce_any_ratio_{ASKED_KB[row.size // 1024]}{tail}": row.ratio
        for row in reduced
        if row.size // 1024 in ASKED_KB
    }


def shares(trained: Steps) -> dict[str, float]:
    """How much of the bound each way reaches: median over rounds of bound / time."""
    bound = trained["independent"]
    return {
        name: statistics.median(b / t for b, t in zip(bound, times, strict=True))
        for name, times in trained.items()
        if name != "independent"
    }


def print_steps(trained: Steps) -> None:
    """Medians in milliseconds and shares of the bound."""
    print("\nTraining step, MLP of 10 M parameters, 2 ranks; bound: ranks that do not communicate")
    share = shares(trained)
    for name, times in trained.items():
        print(f"{name:>24} {1e3 * statistics.median(times):>9.1f} ms {share.get(name, 1):>6.2f}")


if __name__ == "__main__":
    main()
