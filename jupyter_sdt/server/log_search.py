"""The lines of a log that hold a text, or that tell of errors and warnings, a stretch at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, TypedDict

from jupyter_sdt.server.log_lines import line_index, shown
from jupyter_sdt.server.log_pages import open_log

Level = Literal["", "warning", "error"]
LEVELS: tuple[Level, ...] = ("", "warning", "error")
_ERRORS = (b"error", b"exception", b"traceback", b"fatal", b"critical")
_WORDS: dict[Level, tuple[bytes, ...]] = {"error": _ERRORS, "warning": (*_ERRORS, b"warn")}
_TRACEBACK = b"traceback (most recent call last)"
_CHUNK_BYTES = 1 << 20
# What one request looks through: some tenths of a second.
_STRETCH_BYTES = 48 << 20


class Match(TypedDict):
    """A line (from 0) and its text."""

    line: int
    text: str


class Matches(TypedDict):
    """Lines found up to the byte ``cursor``; ``more`` asks to go on from there."""

    matches: list[Match]
    cursor: int
    size: int
    more: bool


class _Search:
    """What is looked for; a level brings the whole of a traceback, not only its first line."""

    def __init__(self, text: str, level: Level) -> None:
        # bytes.lower() knows ASCII only; so it is done to both.
        self._text = text.encode().lower()
        self._level = _WORDS.get(level, ())
        self._words = (self._text,) if self._text else self._level
        self.in_traceback = False

    def spans(self, lower: bytes) -> Iterator[tuple[int, int]]:
        """Yield start and end of each line that fits; ``lower`` is whole lines in lower case."""
        at = 0
        if self.in_traceback:
            for span in self._rest_of_traceback(lower, 0):
                at = span[1] + 1
                yield span
        for start, end in _lines_with(lower, self._words, at):
            if start < at or not self._fits(lower[start:end]):
                continue
            at = end + 1
            yield start, end
            if not self._text and _TRACEBACK in lower[start:end]:
                self.in_traceback = True
                for span in self._rest_of_traceback(lower, at):
                    at = span[1] + 1
                    yield span

    def _fits(self, line: bytes) -> bool:
        return not self._level or any(word in line for word in self._level)

    def _rest_of_traceback(self, lower: bytes, at: int) -> Iterator[tuple[int, int]]:
        """Indented lines, and the one after them that names the exception."""
        while self.in_traceback and at < len(lower):
            end = _end_of_line(lower, at)
            self.in_traceback = lower[at : at + 1] in (b" ", b"\t")
            yield at, end
            at = end + 1


def search_log(
    path: Path, *, text: str, level: Level, cursor: int, limit: int, complete: bool
) -> Matches:
    """Return at most about ``limit`` lines that hold ``text`` and are of ``level``, in any case.

    ``cursor`` is where an earlier search stopped, or 0. ``complete`` as for the lines themselves.
    """
    search, found, position, more = _Search(text, level), list[Match](), cursor, True
    try:
        with open_log(path) as file:
            number = line_index(str(path)).number_at(cursor)
            size = file.seek(0, os.SEEK_END)
            end = min(size, cursor + _STRETCH_BYTES)
            while more and position < end and len(found) < limit:
                data = _chunk(file, position, last=complete)
                found += _matches(data, number, search)
                number += data.count(b"\n")
                position += len(data)
                more = bool(data)  # nothing: what is left is the beginning of a line
    except OSError:
        return Matches(matches=[], cursor=0, size=0, more=False)
    return Matches(matches=found, cursor=position, size=size, more=more and position < size)


def _chunk(file: BinaryIO, position: int, *, last: bool) -> bytes:
    """Whole lines from a byte on, about a megabyte; ``last`` when nobody writes any more."""
    file.seek(position)
    return _whole_lines(file.read(_CHUNK_BYTES), last=last)


def _matches(data: bytes, number: int, search: _Search) -> Iterator[Match]:
    at = 0
    for start, end in search.spans(data.lower()):
        number += data.count(b"\n", at, start)
        at = start
        yield Match(line=number, text=shown(data[start:end]))


def _lines_with(lower: bytes, words: Sequence[bytes], at: int) -> Iterator[tuple[int, int]]:
    """Lines that hold one of the words; bytes.find is much faster than a regular expression."""
    nexts = {word: lower.find(word, at) for word in words}
    while places := [place for place in nexts.values() if place >= 0]:
        place = min(places)
        end = _end_of_line(lower, place)
        yield lower.rfind(b"\n", 0, place) + 1, end
        for word, known in nexts.items():
            if 0 <= known <= end:
                nexts[word] = lower.find(word, end)


def _end_of_line(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return len(data) if end < 0 else end


def _whole_lines(data: bytes, *, last: bool) -> bytes:
    """Up to the last newline; a piece without any is a line that is longer than the chunk."""
    end = data.rfind(b"\n") + 1
    short = len(data) < _CHUNK_BYTES
    if short and last:
        return data
    return data[:end] if end or short else data
