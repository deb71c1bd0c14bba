"""A log by line numbers: how many lines there are, any of them, and those that say something.

A log of any size is read once, to count its newlines; after that only what was added is.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import BinaryIO, TypedDict

from jupyter_sdt.server.log_pages import open_log
from jupyter_sdt.store.log_reader import shown_text

_BLOCK_BYTES = 1 << 16
_PAGE_BYTES = 1 << 20
# More of a line than this shows nobody anything; the file to download has all of it.
LONGEST_SHOWN = 4000


class Lines(TypedDict):
    """Lines of a log from line ``first`` (from 0) on; ``total`` counts those that are whole."""

    first: int
    lines: list[str]
    total: int
    size: int


@dataclass(slots=True)
class LineIndex:
    """Where the lines of one file are. Several threads may ask.

    ``_before[k]`` counts the newlines before block k, the last entry those of the whole file.
    """

    path: Path
    _before: list[int] = field(default_factory=lambda: [0])
    _identity: tuple[int, int] = (0, 0)
    _read: int = 0
    _lock: Lock = field(default_factory=Lock)

    def lines(self, first: int, limit: int, *, complete: bool) -> Lines:
        """Return at most ``limit`` lines; a negative ``first`` counts from the end.

        ``complete`` says that nobody writes any more, so that a last line without its newline
        counts. Of a missing file there are none.
        """
        try:
            with self._lock, open_log(self.path) as file:
                self._go_on(file)
                total = self._total(file, complete=complete)
                place = min(max(0, total + first if first < 0 else first), total)
                lines = self._lines(file, place, min(limit, total - place))
                return Lines(first=place, lines=lines, total=total, size=self._read)
        except OSError:
            return Lines(first=0, lines=[], total=0, size=0)

    def number_at(self, position: int) -> int:
        """Return the number of the line that begins at a byte."""
        with self._lock, open_log(self.path) as file:
            self._go_on(file)
            block = min(position // _BLOCK_BYTES, len(self._before) - 1)
            file.seek(block * _BLOCK_BYTES)
            rest = file.read(position - block * _BLOCK_BYTES)
            return self._before[block] + rest.count(b"\n")

    def _go_on(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or status.st_size < self._read:
            self._before, self._read, self._identity = [0], 0, identity
        # The last block may have been read in part: from its start again.
        whole = self._read // _BLOCK_BYTES
        del self._before[whole + 1 :]
        file.seek(whole * _BLOCK_BYTES)
        while block := file.read(_BLOCK_BYTES):
            self._before.append(self._before[-1] + block.count(b"\n"))
        self._read = status.st_size

    def _total(self, file: BinaryIO, *, complete: bool) -> int:
        total = self._before[-1]
        if complete and self._read:
            file.seek(self._read - 1)
            total += file.read(1) != b"\n"
        return total

    def _lines(self, file: BinaryIO, first: int, count: int) -> list[str]:
        if count <= 0:
            return []
        file.seek(self._start(file, first))
        data = file.read(_PAGE_BYTES) or b""
        pieces = data.split(b"\n")
        # The last is cut where the page is full; if it is the only one, its beginning is shown.
        whole = pieces[:-1] if len(data) == _PAGE_BYTES and len(pieces) > 1 else pieces
        return [shown(piece) for piece in whole[:count]]

    def _start(self, file: BinaryIO, line: int) -> int:
        if line == 0:
            return 0
        block = bisect_left(self._before, line) - 1
        file.seek(block * _BLOCK_BYTES)
        data, at = file.read(_BLOCK_BYTES), -1
        for _ in range(line - self._before[block]):
            at = data.find(b"\n", at + 1)
        return block * _BLOCK_BYTES + at + 1


# An index of 200 MB has 3,200 numbers.
@lru_cache(maxsize=64)
def line_index(path: str) -> LineIndex:
    """The index of a file; there is one for all who ask."""
    return LineIndex(Path(path))


def shown(piece: bytes) -> str:
    """A line as a terminal shows it, cut where it is too long to be read."""
    text = shown_text(piece)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
