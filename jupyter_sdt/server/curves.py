"""The curves of a job so far, thinned for the screen, and the cursor from which to go on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypedDict

from jupyter_sdt.server.metric_feed import MetricFeed
from jupyter_sdt.store.job_directory import JobDirectory
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
    """Return at most ``points`` (at least 4) points of each curve, peaks and valleys kept."""
    feed, tables = MetricFeed(directory), dict[str, SeriesTable]()
    while records := feed.read():
        for record in records:
            tables.setdefault(record.source, SeriesTable()).add((record,))
        if not feed.more:
            break
    return Curves(cursor=feed.cursor, series=list(_curves(tables, points)))


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
