"""Memory of a training step on each rank against the prediction, and training within a limit.

``.venv/bin/python benchmarks/modelparallel/memory.py [--quick]``; see README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "dataparallel"))

from forked_ranks import run_ranks
from held import measure_limit, measure_pipeline, measure_sharded, measure_shares, network

from jupyter_sdt.scaling.conditions import current_conditions

WAYS = (
    ("pipeline, small batch", measure_pipeline, (1,)),
    ("pipeline, large batch", measure_pipeline, (4,)),
    ("sharded", measure_sharded, ()),
    ("sharded shares", measure_shares, ()),
)


def main() -> None:
    """Measure everything, print the tables, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 ranks only")
    ranks = (2,) if parser.parse_args().quick else (2, 4)
    results = {}
    print(f"{'MB above the start':24} {'rank':>4} {'peak':>7} {'predicted':>9} {'ratio':>6}")
    for name, measurement, arguments in WAYS:
        for size in ranks:
            rows = run_ranks(size, measurement, size, *arguments)
            key = f"memory_{name.replace(', ', '_').replace(' ', '_')}_{size}"
            results[key] = worst(f"{name}, {size} ranks", rows)
    results |= limits(ranks)
    print(f"\n{current_conditions(None)}")
    print(json.dumps(results))


def worst(name: str, rows: list[dict[str, int]]) -> float:
    """Print a line for each rank; return the ratio that is farthest from 1."""
    ratios = []
    for rank, row in enumerate(rows):
        ratios.append(row["peak"] / row["predicted"])
        print(
            f"{name:24} {rank:>4} {row['peak'] / 1e6:>7.0f} {row['predicted'] / 1e6:>9.0f} "
            f"{ratios[-1]:>6.3f}",
            flush=True,
        )
    return round(max(ratios, key=lambda ratio: abs(ratio - 1)), 4)


def limits(ranks: tuple[int, ...]) -> dict[str, int]:
    """What trains where each rank may take 3.6 times the parameters: one process needs 4."""
    room = int(3.6 * sum(parameter.nbytes for parameter in network().parameters()))
    print(f"\nwith a limit of {room / 1e6:.0f} MB above the start (RLIMIT_DATA) on each rank")
    results = {}
    for way in ("pipeline", "sharded"):
        for size in (1, *ranks):
            ending = run_ranks(size, measure_limit, size, room, way)
            results[f"memory_limit_{way}_{size}_trains"] = int(ending == "trains")
            print(f"{way}, {size} ranks: {ending}", flush=True)
    return results


if __name__ == "__main__":
    main()
