"""The curves of a job so far, thinned for the screen, and the cursor from which to go on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TypedDict

from jupyter_sdt.server.metric_feed import MetricFeed
from jupyter_sdt.server.own_jobs import Stamp, UnknownJobError, stamp
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.metric_columns import add_block
from jupyter_sdt.store.series import Series, SeriesTable

MOST_POINTS = 10_000


class Curve(TypedDict):
    """One metric of one rank from one source: parallel lists; null at NaN and infinity."""

    name: str
    source: str
    rank: int
    steps: list[float]
    times: list[float]
    values: list[float | None]
    total_points: int


class Curves(TypedDict):
    """All curves of a job up to ``cursor``."""

    cursor: str
    series: list[Curve]


def read_curves(directory: JobDirectory, points: int) -> Curves:
    """Return at most ``points`` (at least 4) points of each curve, peaks and valleys kept.

    Of a job that was asked for before only what is new is read. Raises UnknownJobError.
    """
    job = stamp(directory)
    if job is None:
        raise UnknownJobError(f"no job {directory.job_name!r}")
    reading = _reading(str(directory.path), job)
    with reading.lock:
        reading.go_on()
        series = list(_curves(reading.tables, points))
        return Curves(cursor=reading.feed.cursor, series=series)


@dataclass(slots=True)
class _Reading:
    """All points of a job as far as they were read, by source; several threads may ask."""

    feed: MetricFeed
    tables: dict[str, SeriesTable] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def go_on(self) -> None:
        """Take in what is new."""
        self._take()
        while self.feed.more:
            self._take()

    def _take(self) -> None:
        for block in self.feed.read_blocks():
            add_block(self.tables, block)


# A million points take 24 MB.
@lru_cache(maxsize=4)
def _reading(path: str, job: Stamp) -> _Reading:  # noqa: ARG001 - another job, another reading
    return _Reading(MetricFeed(JobDirectory(Path(path))))


def _curves(tables: dict[str, SeriesTable], points: int) -> Iterator[Curve]:
    for source, table in tables.items():
        for name in table.names():
            for rank, series in table.by_rank(name).items():
                yield _curve(series.thinned(points), len(series), name, source, rank)


def _curve(kept: Series, total: int, name: str, source: str, rank: int) -> Curve:
    return Curve(
        name=name,
        source=source,
        rank=rank,
        steps=list(kept.steps),
        times=list(kept.times),
        values=[value if math.isfinite(value) else None for value in kept.values],
        total_points=total,
    )
