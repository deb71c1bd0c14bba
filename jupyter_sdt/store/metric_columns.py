"""Many metric lines at once, as columns: some ten times as fast as one record after the other.

A rank writes the same keys again and again. What stands between the numbers is taken out as text,
and the numbers are parsed in one call. Whatever is not exactly of that form goes the slow way.
"""

from __future__ import annotations

import json
import math
import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.store.metric_reader import parse_lines
from jupyter_sdt.store.series import SeriesTable

# Of a line's numbers all but its rank, which belongs to the text: a file is of one rank.
_NUMBER = re.compile(rb'(?<=":)(?<!"rank":)(?:-?\d[\d.eE+-]*|null)(?=[,}])')
_DIGITS = b"0123456789.eE+-"
_KEYS = ["time", "rank", "step", "source", "values"]
# A regular line's own numbers: time and step.
_FIXED = 2
# Below this many lines the slow way is as fast.
_WORTHWHILE = 8


@dataclass(frozen=True, slots=True)
class _Form:
    """What one line looks like: the texts around its numbers, and what the numbers are."""

    pieces: tuple[bytes, ...]
    source: str
    rank: int
    names: tuple[str, ...]


def add_block(tables: dict[str, SeriesTable], block: bytes) -> None:
    """Add lines of one file, each with its newline, to the tables, by source.

    The tables become what they would be if each line had been read on its own.
    """
    count = block.count(b"\n")
    if count >= _WORTHWHILE and _add_regular(tables, block, count):
        return
    lines = block.split(b"\n")[:-1]
    groups = _groups(lines) if count >= _WORTHWHILE else None
    if groups is None:
        _add_slowly(tables, lines)
        return
    for group in groups:
        if not _add_regular(tables, b"\n".join(group) + b"\n", len(group)):
            _add_slowly(tables, group)


def _add_regular(tables: dict[str, SeriesTable], block: bytes, count: int) -> bool:
    form = _form(block[: block.index(b"\n")])
    numbers = _numbers(block, form) if form else None
    if form is None or numbers is None:
        return False
    width = _FIXED + len(form.names)
    if len(numbers) != width * count:
        return False
    try:
        columns = [array("d", _floats(numbers[place::width])) for place in range(_FIXED, width)]
        times = array("d", numbers[0::width])
    except (TypeError, OverflowError):
        return False
    table = tables.setdefault(form.source, SeriesTable())
    for name, values in zip(form.names, columns, strict=True):
        table.add_columns((name, form.source, form.rank), numbers[1::width], times, values)
    return True


def _form(line: bytes) -> _Form | None:
    try:
        body = json.loads(line)
    except ValueError:
        return None
    if not isinstance(body, dict) or list(body) != _KEYS or not isinstance(body["values"], dict):
        return None
    pieces, names = _NUMBER.split(line), tuple(body["values"])
    if len(pieces) != _FIXED + len(names) + 1 or type(body["rank"]) is not int:
        return None
    return _Form(tuple(pieces), str(body["source"]), body["rank"], names)


def _numbers(block: bytes, form: _Form) -> list[Any] | None:
    """All numbers of the lines one after the other; None unless every line is of the form."""
    first, *inner, last = form.pieces
    text = block.replace(last + b"\n" + first, b",")
    # The longer first: one may be part of another.
    for piece in sorted(set(inner), key=len, reverse=True):
        text = text.replace(piece, b",")
    text = text.removeprefix(first).removesuffix(last + b"\n")
    try:
        numbers: list[Any] = json.loads(b"[%b]" % text)
    except ValueError:
        return None
    return numbers


def _floats(numbers: list[Any]) -> list[float]:
    # Looking for gaps takes less time than making a second list.
    if None not in numbers:
        return numbers
    return [math.nan if number is None else number for number in numbers]


def _groups(lines: list[bytes]) -> Iterable[list[bytes]] | None:
    """Lines by form; None where two may fill the same curve, whose order would get lost."""
    groups: dict[bytes, list[bytes]] = {}
    for line in lines:
        signature = line.replace(b"null", b"0").translate(None, _DIGITS)
        groups.setdefault(signature, []).append(line)
    forms = [form for group in groups.values() if (form := _form(group[0]))]
    curves = [(form.source, name) for form in forms for name in form.names]
    distinct = len(forms) == len(groups) and len(curves) == len(set(curves))
    return groups.values() if distinct else None


def _add_slowly(tables: dict[str, SeriesTable], lines: list[bytes]) -> None:
    for record in parse_lines(lines):
        tables.setdefault(record.source, SeriesTable()).add([record])
