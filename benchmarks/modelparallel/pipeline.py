"""Pipeline steps against the bound and torch's own 1F1B schedule, in the same run.

``.venv/bin/python benchmarks/modelparallel/pipeline.py [--quick]``; see README.md beside this file.
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
from pipelines import STAGES, Size, measure

from jupyter_sdt.scaling.conditions import current_conditions

SIZES = (Size(50, 384), Size(15, 256), Size(5, 128))
MICROBATCHES = (4, 8, 16)


def main() -> None:
    """Measure everything, print the tables, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="8 microbatches, one launch")
    parser.add_argument("--rounds", type=int, default=5, help="of each launch")
    parser.add_argument("--launches", type=int, default=0)
    arguments = parser.parse_args()
    quick, rounds = arguments.quick, arguments.rounds
    launches = arguments.launches or (1 if quick else 5)
    load = os.getloadavg()[0]
    print(f"{'stage':>6} {'m':>3} {'bound ms':>9} {'ours':>6} {'torch':>6}  (times the bound)")
    results: dict[str, float] = {}
    for size in SIZES:
        for microbatches in MICROBATCHES[1:2] if quick else MICROBATCHES:
            found = [
                run_ranks(STAGES, measure, size, microbatches, rounds) for _ in range(launches)
            ]
            results |= row(size, microbatches, together(found))
    for name in ("pipeline_bound_ratio", "pipeline_torch_ratio"):
        results[name] = max(value for key, value in results.items() if key.startswith(name))
    print(
        f"\n{current_conditions(None)}; load before the run {load:.2f}; "
        f"{launches} launches of {rounds} rounds in turn"
    )
    print(json.dumps({name: float(f"{value:.4g}") for name, value in results.items()}))


def together(found: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    """The rounds of all launches: where its memory lies makes a process faster or slower."""
    return {way: [seconds for each in found for seconds in each[way]] for way in found[0]}


def row(size: Size, microbatches: int, found: dict[str, list[float]]) -> dict[str, float]:
    """Print one line of the table; return its ratios: medians over rounds."""
    fill = (microbatches + STAGES - 1) / microbatches
    bounds = [seconds / STAGES * fill for seconds in found["sequential"]]
    ours, torchs = (
        statistics.median(t / b for t, b in zip(found[name], bounds, strict=True))
        for name in ("ours", "torch")
    )
    ratio = statistics.median(o / t for o, t in zip(found["ours"], found["torch"], strict=True))
    stage_ms = 1e3 * statistics.median(found["sequential"]) / STAGES / microbatches
    print(
        f"{stage_ms:>4.0f}ms {microbatches:>3} {1e3 * statistics.median(bounds):>9.1f} "
        f"{ours:>6.2f} {torchs:>6.2f}",
        flush=True,
    )
    tail = f"{size.milliseconds}ms_m{microbatches}"
    return {f"pipeline_bound_ratio_{tail}": ours, f"pipeline_torch_ratio_{tail}": ratio}


if __name__ == "__main__":
    main()
