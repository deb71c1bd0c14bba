"""Metrics as curves: one per metric and rank, combined over ranks, thinned for drawing."""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_sdt.spec.metric import MetricRecord

Aggregate = Literal["mean", "sum", "max"]

# How one number is made of one per rank; every other metric is averaged.
_AGGREGATES: dict[str, Aggregate] = {
    "samples_per_second": "sum",  # each rank counts its own samples
    "step_seconds": "max",  # a step is over when the slowest rank is
    "work_seconds": "max",
}
_FUNCTIONS: dict[Aggregate, Callable[[Sequence[float]], float]] = {
    "mean": lambda values: sum(values) / len(values),
    "sum": sum,
    "max": max,
}
# What the script says itself goes before what was found in its output or measured from outside.
_SOURCES = ("script", "regex", "autolog")
# What the runtime records beside the script's results.
MEASURED_BESIDE = frozenset(
    {
        *("samples_per_second", "step_seconds", "work_seconds"),
        *("learning_rate", "total_steps", "epoch", "restarts"),
    }
)
# Under which names the loss is usually logged, best first; else any name that has "loss" in it.
_LOSS_NAMES = ("loss", "train_loss", "training_loss", "train/loss", "train:loss")


@dataclass(slots=True)
class Series:
    """One metric over training: parallel arrays, in the order of recording.

    ``steps`` counts records where the writer knew no step. ``times`` are seconds since the epoch.
    ``values`` hold NaN where the script logged NaN or infinity.
    """

    steps: array[float] = field(default_factory=lambda: array("d"))
    times: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.values)

    def append(self, step: float | None, time: float, value: float) -> None:
        """Add one point."""
        self.steps.append(len(self.steps) if step is None else step)
        self.times.append(time)
        self.values.append(value)

    def extend(
        self, steps: Sequence[float | None], times: Sequence[float], values: Sequence[float]
    ) -> None:
        """Add many points; nothing is added when one of them is no number."""
        count = len(self.steps)
        known: Any = steps
        if None in steps:
            known = [count + place if step is None else step for place, step in enumerate(steps)]
        columns = array("d", known), array("d", times), array("d", values)
        for before, new in zip(_arrays(self), columns, strict=True):
            before.extend(new)

    def last(self) -> float | None:
        """Return the latest finite value, None when there is none."""
        return next((value for value in reversed(self.values) if math.isfinite(value)), None)

    def thinned(self, count: int) -> Series:
        """Return at most ``count`` points, at least 4, that keep ends, peaks and valleys."""
        kept = thin(self.values, count)
        return Series(*(array("d", [a[i] for i in kept]) for a in _arrays(self)))


@dataclass(frozen=True, slots=True)
class Sign:
    """A rank's last sign: the last step it recorded, and when (seconds since the epoch)."""

    step: int | None
    time: float


@dataclass(slots=True)
class SeriesTable:
    """All curves of a job, by metric, source and rank. Grows by :meth:`add`; reads no file.

    ``signs`` holds the last sign of each rank.
    """

    signs: dict[int, Sign] = field(default_factory=dict)
    # By metric, source and rank; one flat table, because this is where a reader's time goes.
    _series: dict[tuple[str, str, int], Series] = field(default_factory=dict)

    def add(self, records: Iterable[MetricRecord]) -> None:
        """Take in records; values that are no numbers are passed over."""
        for record in records:
            self._note(record)
            step, time, source, rank = record.step, record.time, record.source, record.rank
            for name, value in record.values.items():
                if value is None or isinstance(value, float | int):
                    series = self._series.get((name, source, rank))
                    if series is None:
                        series = self._series[name, source, rank] = Series()
                    series.append(step, time, math.nan if value is None else value)

    def add_columns(
        self,
        key: tuple[str, str, int],
        steps: Sequence[float | None],
        times: Sequence[float],
        values: Sequence[float],
    ) -> None:
        """Add many points of one curve at once; ``key`` is its metric, source and rank.

        Leaves ``signs`` alone. Raises TypeError or OverflowError for what is no number.
        """
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series()
        series.extend(steps, times, values)

    def names(self) -> list[str]:
        """Return the metrics there are, in the order they first appeared."""
        return list(dict.fromkeys(name for name, _, _ in self._series))

    def by_rank(self, name: str) -> dict[int, Series]:
        """Return a metric's curve of each rank; empty when nobody recorded it.

        Of several sources the script's own word counts, then ``metric_definitions``, then autolog.
        """
        found = {key[1:]: series for key, series in self._series.items() if key[0] == name}
        chosen = min((source for source, _ in found), key=_preference, default=None)
        ranks = {rank: series for (source, rank), series in found.items() if source == chosen}
        return dict(sorted(ranks.items()))

    def over_ranks(self, name: str, how: Aggregate | None = None) -> Series:
        """Return one curve for all ranks.

        ``how`` defaults to the sum for ``samples_per_second``, the largest for ``step_seconds`` and
        the mean for everything else. Only steps that every rank has reached count, so that a rank
        that lags does not look like a loss of throughput.
        """
        ranks = list(self.by_rank(name).values())
        if len(ranks) == 1:
            return ranks[0]
        return combine(ranks, how or _AGGREGATES.get(name, "mean"))

    def _note(self, record: MetricRecord) -> None:
        before = self.signs.get(record.rank)
        step = record.step if record.step is not None or before is None else before.step
        self.signs[record.rank] = Sign(step, max(record.time, before.time if before else 0.0))


def loss_name(names: Iterable[str]) -> str:
    """Return which of a job's metrics is its training loss; empty when none looks like one."""
    known = list(names)
    likely = (*_LOSS_NAMES, *(name for name in known if "loss" in name.lower()))
    return next((name for name in likely if name in known), "")


def combine(ranks: Sequence[Series], how: Aggregate) -> Series:
    """Combine curves step by step, over the steps they share; the time is that of the last rank.

    A step recorded twice (a restart) counts as it was recorded last. Curves that share no step are
    combined over all of their steps.
    """
    if not ranks:
        return Series()
    count = min(map(len, ranks))
    steps, function = ranks[0].steps[:count], _FUNCTIONS[how]
    if count and all(series.steps[:count] == steps for series in ranks) and _rising(steps):
        times = zip(*(series.times for series in ranks), strict=False)
        values = zip(*(series.values for series in ranks), strict=False)
        return Series(steps, array("d", map(max, times)), array("d", map(function, values)))
    return _combine_by_step(ranks, function)


def _combine_by_step(
    ranks: Sequence[Series], function: Callable[[Sequence[float]], float]
) -> Series:
    """The slow way, for ranks whose steps differ."""
    points = [dict(zip(s.steps, zip(s.times, s.values, strict=True), strict=True)) for s in ranks]
    shared = set(points[0]).intersection(*points[1:])
    result = Series()
    for step in sorted(shared or set().union(*points)):
        times, values = zip(*(p[step] for p in points if step in p), strict=True)
        result.append(step, max(times), function(values))
    return result


def thin(values: Sequence[float], count: int) -> list[int]:
    """Return the places of at most ``count`` (at least 4) values that show the curve's shape.

    The first and the last, and of each stretch between them the lowest and the highest, so that no
    spike gets lost. NaN is kept only where a stretch holds nothing else: there the curve has a gap.
    """
    last = len(values) - 1
    if len(values) <= max(count, 4):
        return list(range(len(values)))
    stretches = max(1, (count - 2) // 2)
    kept = {0, last}
    for number in range(stretches):
        start = 1 + (last - 1) * number // stretches
        end = 1 + (last - 1) * (number + 1) // stretches
        kept.update(_extremes(values, range(start, end)))
    return sorted(kept)


def _extremes(values: Sequence[float], places: range) -> tuple[int, int]:
    stretch = values[places.start : places.stop]
    if math.isnan(sum(stretch)):
        known = [place for place in places if not math.isnan(values[place])] or places[:1]
        return min(known, key=values.__getitem__), max(known, key=values.__getitem__)
    # All of it runs in C: a curve of 100,000 points takes a few milliseconds.
    low, high = min(stretch), max(stretch)
    return places.start + stretch.index(low), places.start + stretch.index(high)


def _rising(steps: array[float]) -> bool:
    return all(map(operator.lt, steps, steps[1:]))


def _preference(source: str) -> int:
    return _SOURCES.index(source) if source in _SOURCES else len(_SOURCES)


def _arrays(series: Series) -> tuple[array[float], array[float], array[float]]:
    return series.steps, series.times, series.values
