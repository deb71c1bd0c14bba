"""The two curves a person watches: loss and throughput, of all ranks together, thinned."""

from __future__ import annotations

import math

from jupyter_sdt.store.series import MEASURED_BESIDE, Series, SeriesTable, loss_name

Points = list[tuple[float, float]]  # (step, value), steps rising
_MOST_POINTS = 300


def loss_curve(table: SeriesTable) -> tuple[str, Points]:
    """Name and points of the loss, the mean over ranks.

    Without a loss the first result that the script recorded is watched.
    """
    names = table.names()
    others = (name for name in names if name not in MEASURED_BESIDE)
    name = loss_name(names) or next(others, "")
    return (name, _points(table.over_ranks(name))) if name else ("loss", [])


def throughput_curve(table: SeriesTable) -> tuple[str, Points]:
    """Unit and points of the throughput of all ranks together.

    Steps per second stand in when no rank knows how many samples a step has.
    """
    samples = table.over_ranks("samples_per_second")
    if len(samples):
        return "samples/s", _points(samples)
    steps = _points(table.over_ranks("step_seconds"))
    if steps:
        return "steps/s", [(step, 1 / seconds) for step, seconds in steps if seconds > 0]
    return "samples/s", []


def trend(points: Points) -> str:
    """``falling``, ``rising`` or ``steady``: the last tenth against the tenth before it."""
    size = max(1, len(points) // 10)
    if len(points) < 2 * size:
        return "steady"
    now, before = _mean(points[-size:]), _mean(points[-2 * size : -size])
    if math.isclose(now, before, rel_tol=0.005):
        return "steady"
    return "falling" if now < before else "rising"


def _points(series: Series) -> Points:
    """At most 300 finite points; a gap in the curve is bridged."""
    thinned = series.thinned(_MOST_POINTS)
    pairs = zip(thinned.steps, thinned.values, strict=True)
    return [(step, value) for step, value in pairs if math.isfinite(value)]


def _mean(points: Points) -> float:
    return sum(value for _, value in points) / len(points)
