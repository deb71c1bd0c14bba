"""What is said about the measurements: figures with floors and goals, and the JSON line."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from commands import BareInterpreters, Torchrun
from costs import RuntimeCosts
from fork_floor import ForkFloor
from notebook_costs import NotebookCosts
from ours import Cold, Warm
from peers import Ipyparallel, Nbdistributed
from report import Figure
from rounds import Rounds


def first_steps(rounds: Rounds) -> list[Figure]:
    """From Shift+Enter, or from the start of the command, to the slower rank's first step."""
    times = rounds.times
    floors = {Warm.name: ForkFloor.name, Cold.name: BareInterpreters.name}
    torchrun = _median(times[Torchrun.name])
    goals = {Warm.name: 0.15, Cold.name: 1.1 * torchrun}
    notes = dict.fromkeys((Nbdistributed.name, Ipyparallel.name), "workers keep old state")
    steps = [
        Figure(
            name=f"first step, {name}",
            values=values,
            floor=_median(times[floors[name]]) if name in floors else None,
            goal=goals.get(name),
            note=rounds.problems.get(name, notes.get(name, "")),
        )
        for name, values in times.items()
    ]
    ratio = Figure(
        name="first step, torchrun / %%sdt_train warm, by rounds",
        values=torchrun_ratios(times),
        unit="x",
        goal=50,
        more_is_better=True,
    )
    return [*steps, ratio]


def torchrun_ratios(times: Mapping[str, Sequence[float]]) -> list[float]:
    """How many times faster than torchrun in the same round."""
    pairs = zip(times[Torchrun.name], times[Warm.name], strict=False)
    return [torchrun / warm for torchrun, warm in pairs]


def other_costs(notebook: NotebookCosts, costs: RuntimeCosts) -> list[Figure]:
    """What is paid in the kernel and in the ranks."""
    empty = _median(notebook.empty_cell)
    milliseconds = [1e3 * s for s in notebook.imports], [1e3 * s for s in notebook.load_ext]
    return [
        Figure(
            name="%%sdt_train --no-wait returns control",
            values=notebook.return_control,
            floor=empty,
            goal=0.05,
        ),
        Figure(name="import jupyter_sdt", values=milliseconds[0], unit="ms", goal=50),
        Figure(
            name="%load_ext jupyter_sdt",
            values=milliseconds[1],
            unit="ms",
            floor=1e3 * empty,
            goal=150,
        ),
        Figure(
            name="log_metrics(step=, loss=, accuracy=), median of 4500",
            values=[costs.log_metrics_us],
            unit="us",
            floor=costs.write_floor_us,
            goal=20,
            note=f"p99 {costs.log_metrics_p99_us:.3g} us",
        ),
        Figure(
            name="metric written to readable by a follower, p99 of 200",
            values=[costs.metric_latency_p99_s],
            goal=0.1,
            note=f"p50 {costs.metric_latency_p50_s:.3g} s",
        ),
        Figure(
            name="autolog, share of a 10 ms step",
            values=costs.autolog_percents,
            unit="%",
            floor=0,
            goal=1,
            note=f"{_median(costs.autolog_us):.3g} us",
        ),
    ]


def results(rounds: Rounds, notebook: NotebookCosts, costs: RuntimeCosts) -> dict[str, float]:
    """The figures of the last line, by name."""
    times = rounds.times
    return {
        "first_step_warm_s": _median(times[Warm.name]),
        "first_step_warm_floor_s": _median(times[ForkFloor.name]),
        "first_step_torchrun_s": _median(times[Torchrun.name]),
        "torchrun_ratio": _median(torchrun_ratios(times)),
        "first_step_cold_s": _median(times[Cold.name]),
        "first_step_cold_floor_s": _median(times[BareInterpreters.name]),
        "first_step_accelerate_s": _median(times["accelerate notebook_launcher, warm"]),
        "first_step_nbdistributed_s": _median(times[Nbdistributed.name]),
        "first_step_ipyparallel_s": _median(times[Ipyparallel.name]),
        "return_control_s": _median(notebook.return_control),
        "log_metrics_us": costs.log_metrics_us,
        "metric_latency_p99_s": costs.metric_latency_p99_s,
        "autolog_overhead_percent": max(0.0, _median(costs.autolog_percents)),
        "import_ms": 1e3 * _median(notebook.imports),
        "load_ext_ms": 1e3 * _median(notebook.load_ext),
    }


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")
