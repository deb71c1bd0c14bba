"""Metric records of all ranks, gathered into the two curves a person watches."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from jupyter_sdt.spec.metric import MetricRecord

Points = list[tuple[float, float]]  # (step, value), steps rising
_PREFERRED = ("script", "regex", "autolog")


@dataclass(slots=True)
class RankProgress:
    """The last step a rank reported, and when (seconds since the epoch)."""

    step: int | None = None
    time: float = 0.0


@dataclass(slots=True)
class _Rates:
    """The ranks' own rates: by step, how many ranks reported one and their sum."""

    ranks: set[int] = field(default_factory=set)
    by_step: dict[int, tuple[int, float]] = field(default_factory=dict)


@dataclass(slots=True)
class Curves:
    """What the records so far say. Grows by :meth:`add`; never looks at a file.

    ``ranks`` is the progress by rank. Throughput is the sum over ranks, in samples per second, or
    in steps per second when no rank knows its batch size.
    """

    ranks: dict[int, RankProgress] = field(default_factory=dict)
    total_steps: int | None = None
    epoch: float | None = None
    _values: dict[tuple[str, str], dict[int, Points]] = field(default_factory=dict)
    _rates: dict[str, _Rates] = field(default_factory=dict)

    def add(self, records: Iterable[MetricRecord]) -> None:
        """Take in new records, in any order of ranks."""
        for record in records:
            self._note_progress(record)
            for name, value in record.values.items():
                if value is not None and math.isfinite(value):
                    self._add_value(record, name, value)

    @property
    def step(self) -> int | None:
        """The last step that some rank finished."""
        return max((r.step for r in self.ranks.values() if r.step is not None), default=None)

    def loss(self) -> tuple[str, Points]:
        """Name and points of the curve to watch: ``loss``, or the nearest thing to it.

        What the script logged itself goes before what was read from logs or recorded
        automatically; the lowest rank that has the curve stands for all.
        """
        keys = sorted(self._values, key=_loss_order)
        if not keys:
            return "loss", []
        by_rank = self._values[keys[0]]
        return keys[0][1], by_rank[min(by_rank)]

    def throughput(self) -> tuple[str, Points]:
        """Unit and points of the throughput of all ranks together."""
        for unit in ("samples/s", "steps/s"):
            if unit in self._rates:
                rates = self._rates[unit]
                # Samples of the ranks add up, while a step is everybody's step. A rank that has
                # not reported a step yet is taken to be as fast as the others.
                factor = len(rates.ranks) if unit == "samples/s" else 1
                steps = sorted(rates.by_step.items())
                return unit, [(step, factor * total / count) for step, (count, total) in steps]
        return "samples/s", []

    def _note_progress(self, record: MetricRecord) -> None:
        progress = self.ranks.setdefault(record.rank, RankProgress())
        progress.time = max(progress.time, record.time)
        if record.step is not None:
            progress.step = max(record.step, progress.step or 0)

    def _add_value(self, record: MetricRecord, name: str, value: float) -> None:
        if name == "total_steps":
            self.total_steps = int(value)
        elif name == "epoch":
            self.epoch = value
        elif name == "samples_per_second":
            self._add_rate(record, "samples/s", value)
        elif name == "step_seconds" and value > 0:
            self._add_rate(record, "steps/s", 1 / value)
        elif name not in ("step_seconds", "learning_rate"):
            points = self._values.setdefault((record.source, name), {}).setdefault(record.rank, [])
            points.append((len(points) if record.step is None else record.step, value))

    def _add_rate(self, record: MetricRecord, unit: str, value: float) -> None:
        rates = self._rates.setdefault(unit, _Rates())
        rates.ranks.add(record.rank)
        count, total = rates.by_step.get(record.step or 0, (0, 0.0))
        rates.by_step[record.step or 0] = (count + 1, total + value)


def _loss_order(key: tuple[str, str]) -> tuple[int, int, str]:
    source, name = key
    rank = 0 if name == "loss" else 1 if name == "train_loss" else 2 if "loss" in name else 3
    return rank, _PREFERRED.index(source), name


def thin(points: Points, most: int = 300) -> Points:
    """At most ``most`` points that keep every bucket's extremes, so that spikes stay visible."""
    if len(points) <= most:
        return points
    size = math.ceil(len(points) / (most // 2))
    kept: Points = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        extremes = {min(bucket, key=_value), max(bucket, key=_value)}
        kept += sorted(extremes)
    kept[-1] = points[-1]
    return kept


def trend(points: Points) -> str:
    """``falling``, ``rising`` or ``steady``: the last tenth against the tenth before it."""
    size = max(1, len(points) // 10)
    if len(points) < 2 * size:
        return "steady"
    now, before = _mean(points[-size:]), _mean(points[-2 * size : -size])
    if math.isclose(now, before, rel_tol=0.005):
        return "steady"
    return "falling" if now < before else "rising"


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _mean(points: Points) -> float:
    return sum(map(_value, points)) / len(points)
