"""The metric records of a job from any point on, without losing or repeating one.

A cursor names the job and, for each file below ``metrics/``, the bytes that were read:
``18a3f~rank-0:181~rank-1:92``. It is all there is to know, so that a browser can go on after the
server was started anew.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.server.own_jobs import Stamp, stamp
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.metric_reader import parse_lines
from jupyter_sdt.store.tail import CHUNK_BYTES, LONGEST_LINE, Tail

_FILE = re.compile(r"([\w-]{1,80})\.jsonl", re.ASCII)
_POSITION = re.compile(r"([\w-]{1,80}):(\d{1,18})", re.ASCII)

_RESOURCES = "resources"


class MetricFeed:
    """Reads on from a cursor, about a megabyte of lines at a time.

    ``cursor`` is what an earlier feed gave; an empty string or "0" means from the beginning, and so
    does the cursor of a job that was deleted and started anew. ``more`` is whether the last
    :meth:`read` left something for the next. Raises SpecError for a cursor of no feed.
    """

    def __init__(self, directory: JobDirectory, cursor: str = "") -> None:
        self._folder = directory.metrics
        self._job = _name_of(stamp(directory))
        self.more = False
        self._tails = {
            name: Tail(self._path(name), position)
            for name, position in _positions(cursor, self._job).items()
        }

    @property
    def cursor(self) -> str:
        """Where to go on after everything that was read so far."""
        read = [f"{name}:{tail.position}" for name, tail in self._tails.items() if tail.position]
        return "~".join([self._job, *read])

    def read(self) -> list[MetricRecord]:
        """Return what comes next, file by file."""
        blocks = self.read_blocks()
        return [record for block in blocks for record in parse_lines(block.split(b"\n"))]

    def read_blocks(self) -> Iterator[bytes]:
        """Yield what comes next as it stands in the files: whole lines, each block of one file."""
        room, self.more = CHUNK_BYTES, False
        for tail in self._files():
            block = tail.read_block(CHUNK_BYTES) if room > 0 else b""
            # Whoever gets nearly all he asked for has perhaps not got all there is.
            self.more = self.more or room <= 0 or len(block) + LONGEST_LINE >= CHUNK_BYTES
            room -= len(block)
            if block:
                yield block

    def _path(self, name: str) -> Path:
        """A file of metrics, or the one about resources, which lies beside their folder."""
        folder = self._folder.parent if name == _RESOURCES else self._folder
        return folder / f"{name}.jsonl"

    def _files(self) -> list[Tail]:
        for name in (*_names(self._folder), _RESOURCES):
            self._tails.setdefault(name, Tail(self._path(name)))
        return list(self._tails.values())


def to_json(record: MetricRecord) -> dict[str, Any]:
    """Return a record as the border knows it; what JSON cannot carry is null or left out."""
    return {
        "time": record.time if math.isfinite(record.time) else 0.0,
        "rank": record.rank,
        "step": record.step,
        "source": record.source,
        "values": {
            name: value if value is not None and _is_finite(value) else None
            for name, value in record.values.items()
            if value is None or isinstance(value, int | float)
        },
    }


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _positions(cursor: str, job: str) -> dict[str, int]:
    if cursor in ("", "0"):
        return {}
    owner, *parts = cursor.split("~")
    matches = [_POSITION.fullmatch(part) for part in parts]
    if not re.fullmatch("[0-9a-f]{1,40}", owner) or not all(matches):
        raise SpecError(
            f"since={cursor[:80]!r} is no cursor; give back one that was sent, or 0",
            argument="since",
        )
    return {m[1]: int(m[2]) for m in matches if m} if owner == job else {}


def _name_of(job: Stamp | None) -> str:
    inode, time_ns = job or (0, 0)
    return f"{time_ns:x}{inode:x}"


def _names(folder: Path) -> list[str]:
    try:
        files = [_FILE.fullmatch(path.name) for path in folder.iterdir()]
    except OSError:
        return []
    found = [match[1] for match in files if match]
    return sorted(found, key=lambda name: (len(name), name))
