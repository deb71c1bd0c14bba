"""How long from Shift+Enter to the first training step on two ranks, and what the rest costs.

``.venv/bin/python benchmarks/launch/main.py [--quick]``; see README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from commands import BareInterpreters, Torchrun
from costs import RuntimeCosts, measure_costs
from environment import PYTHON, peers_python
from fork_floor import ForkFloor
from kernel import end_offspring
from notebook_costs import measure_notebook
from ours import Cold, Warm
from peers import Accelerate, Ipyparallel, Nbdistributed
from report import last_line, table
from results import first_steps, other_costs, results
from rounds import Rounds, wait_for_quiet
from ways import Place, Way

from jupyter_sdt.scaling.conditions import current_conditions


def main() -> None:
    """Measure everything, print the table, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 7")
    number = 3 if parser.parse_args().quick else 7
    peers = peers_python()
    with tempfile.TemporaryDirectory(prefix="sdt-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        place = Place(PYTHON, peers, folder, _environment(folder))
        load = os.getloadavg()[0]
        rounds = Rounds()
        rounds.measure(_ways(place), folder, number)
        notebook = measure_notebook(place, number)
        costs = _measure_costs(folder, number)
    figures = [*first_steps(rounds), *other_costs(notebook, costs)]
    print(table(figures))
    conditions = replace(current_conditions(None), threads_per_rank="1")
    print(f"\n{conditions}; load before the run {load:.2f}; {number} rounds in turn")
    print(last_line(results(rounds, notebook, costs)))


def _ways(place: Place) -> list[Way]:
    return [
        Warm(place),
        ForkFloor(place),
        Accelerate(place, warmed=True),
        Accelerate(place, warmed=False),
        Nbdistributed(place),
        Ipyparallel(place),
        Torchrun(place),
        Cold(place),
        BareInterpreters(place),
    ]


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SDT_JOBS_DIR": str(folder / "jobs"),
        "SDT_NURSERY_IDLE_SECONDS": "600",
        # As torchrun sets it for several ranks; so it is the same for everybody.
        "OMP_NUM_THREADS": "1",
    }


def _measure_costs(folder: Path, rounds: int) -> RuntimeCosts:
    runtime = folder / "costs"
    runtime.mkdir(mode=0o700)
    os.environ.update(_environment(folder), XDG_RUNTIME_DIR=str(runtime))
    wait_for_quiet()
    try:
        return measure_costs(runtime, rounds=rounds)
    finally:
        end_offspring(os.getpid())


if __name__ == "__main__":
    main()
