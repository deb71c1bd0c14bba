"""A rank's log, page by page from any byte on: the size of the file does not matter."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, TypedDict

from jupyter_sdt.store.log_reader import shown_text
from jupyter_sdt.store.tail import LONGEST_LINE

MOST_LINES = 10_000
_PAGE_BYTES = 4 * LONGEST_LINE


class LogPage(TypedDict):
    """Lines of a log; ``start`` and ``cursor`` are the byte offsets before and after them.

    ``size`` is the file's, ``more`` whether the next page has lines already.
    """

    start: int
    cursor: int
    size: int
    lines: list[str]
    more: bool


def read_page(path: Path, cursor: int, limit: int, *, complete: bool) -> LogPage:
    """Return at most ``limit`` whole lines, and at most a megabyte of them, from ``cursor`` on.

    A negative ``cursor`` counts from the end and begins with the next whole line. One beyond the
    end begins anew, as the file has been replaced. ``complete`` says that nobody writes any more,
    so that a last line without its newline counts too.
    """
    try:
        with open_log(path) as file:
            size = os.fstat(file.fileno()).st_size
            start = _start(file, cursor, size)
            file.seek(start)
            data = file.read(_PAGE_BYTES)
    except OSError:
        return LogPage(start=0, cursor=0, size=0, lines=[], more=False)
    at_end = start + len(data) >= size
    pieces = _pieces(data, complete=complete and at_end)
    taken = pieces[:limit]
    return LogPage(
        start=start,
        cursor=start + sum(map(len, taken)),
        size=size,
        lines=[shown_text(piece) for piece in taken],
        more=len(pieces) > limit or not at_end,
    )


def open_log(path: Path) -> BinaryIO:
    """Open a log for reading. Raises OSError for links, pipes and devices in its place."""
    # A pipe would block whoever opens it.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(handle, "rb", buffering=0)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return file
    file.close()
    raise OSError(f"{path} is not a regular file")


def _start(file: BinaryIO, cursor: int, size: int) -> int:
    if cursor >= 0:
        return cursor if cursor <= size else 0
    start = max(0, size + cursor)
    if start == 0:
        return 0
    # From the byte before, so that a line that begins exactly here is whole.
    file.seek(start - 1)
    cut = file.read(_PAGE_BYTES).find(b"\n")
    return start if cut < 0 else start + cut


def _pieces(data: bytes, *, complete: bool) -> list[bytes]:
    """Whole lines with their newlines; a line without an end in sight is handed out in pieces."""
    *whole, rest = data.split(b"\n")
    pieces = [line + b"\n" for line in whole]
    if rest and complete:
        pieces.append(rest)
    elif not pieces and len(rest) >= LONGEST_LINE:
        pieces.append(rest[:LONGEST_LINE])
    return pieces
