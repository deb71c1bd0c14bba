"""Reading many metric lines at once gives exactly what reading each of them gives."""

import json
import math
from collections.abc import Callable

import pytest

from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store import metric_columns
from jupyter_sdt.store.metric_columns import add_block
from jupyter_sdt.store.metric_reader import parse_lines
from jupyter_sdt.store.series import SeriesTable


def line(step: int | None, source: str = "script", rank: int = 0, **values: float | None) -> bytes:
    record = MetricRecord(
        time=1e9 + (step or 0) / 3, rank=rank, step=step, values=values, source=source
    )
    return record.to_line().rstrip(b"\n")


def block(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def slowly(lines: list[bytes]) -> dict[str, SeriesTable]:
    tables: dict[str, SeriesTable] = {}
    for record in parse_lines(lines):
        tables.setdefault(record.source, SeriesTable()).add([record])
    return tables


def points(tables: dict[str, SeriesTable]):
    return {
        (source, name, rank): [
            ["nan" if math.isnan(value) else value for value in column]
            for column in (series.steps, series.times, series.values)
        ]
        for source, table in tables.items()
        for name in table.names()
        for rank, series in table.by_rank(name).items()
    }


MANY = range(1, 40)
CASES: dict[str, Callable[[], list[bytes]]] = {
    "one form": lambda: [line(n, loss=1 / n, accuracy=n * 1e-9) for n in MANY],
    "whole and negative numbers": lambda: [line(n, loss=-n, rate=n * 1e20) for n in MANY],
    "gaps": lambda: [line(n, loss=None if n % 3 else 0.5) for n in MANY],
    "no steps": lambda: [line(None, loss=n) for n in MANY],
    "two forms in turn": lambda: [
        made
        for n in MANY
        for made in (line(n, loss=n), line(n, source="autolog", step_seconds=n, loss=2 * n))
    ],
    "two forms of one curve": lambda: [
        line(n, loss=n, extra=1.0) if n % 2 else line(n, loss=n) for n in MANY
    ],
    "another rank in between": lambda: [line(n, rank=n % 2, loss=n) for n in MANY],
    "a rank that is no number": lambda: [
        line(n, loss=n).replace(b'"rank":0', b'"rank":' + word)
        for word in (b"true", b"null", b"0.0", b"1.5")
        for n in MANY
    ],
    "metrics named like the rest of the line": lambda: [
        line(n, _rank=n, _step=2.0, time_=3.0).replace(b'"_', b'"') for n in MANY
    ],
    "names that look like numbers": lambda: [
        line(n, **{"top5": n, '":1,"': n, "1": n, "a:1": 2.0}) for n in MANY
    ],
    "broken lines": lambda: [line(n, loss=n) if n % 7 else b'{"time":1,' for n in MANY],
    "other things": lambda: [b"[]", b"{}", b'"x"', b"", *(line(n, loss=n) for n in MANY)],
    "texts for values": lambda: [
        line(n, loss=n) if n != 9 else line(n, loss=n).replace(b"9}", b'"9"}') for n in MANY
    ],
    "booleans": lambda: [line(n, loss=n).replace(b"7}", b"true}") for n in MANY],
}


@pytest.mark.parametrize("case", CASES)
def test_columns_are_what_the_records_are(case):
    lines = CASES[case]()
    tables: dict[str, SeriesTable] = {}
    add_block(tables, block(lines[:20]))
    add_block(tables, block(lines[20:]))
    assert points(tables) == points(slowly(lines))


def test_what_a_rank_writes_goes_the_fast_way(monkeypatch):
    monkeypatch.setattr(metric_columns, "_add_slowly", lambda *_: pytest.fail("the slow way"))
    tables: dict[str, SeriesTable] = {}
    add_block(tables, block(CASES["one form"]()))
    add_block(tables, block(CASES["two forms in turn"]()))
    assert tables["script"].names() == ["loss", "accuracy"]
    assert json.loads(line(1, loss=0.5))["values"] == {"loss": 0.5}
