"""Metric records of a job, each line parsed once, while the ranks still write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.tail import CHUNK_BYTES, Tail


@dataclass(slots=True)
class MetricReader:
    """Reads ``metrics/*.jsonl`` by byte position; a half-written last line waits for its end."""

    directory: JobDirectory
    _tails: dict[str, Tail] = field(default_factory=dict, init=False)

    def read(self) -> list[MetricRecord]:
        """Return what all ranks recorded since the last call, file by file, oldest first."""
        return list(self.iterate())

    def iterate(self) -> Iterator[MetricRecord]:
        """Yield what :meth:`read` returns, a megabyte of lines at a time.

        Lines that are no metric records are passed over. Stopping early keeps the cursor after the
        lines that were read.
        """
        for tail in self._files():
            while lines := tail.read_lines(CHUNK_BYTES):
                yield from parse_lines(lines)

    def _files(self) -> list[Tail]:
        for name in _names(self.directory.metrics):
            self._tails.setdefault(name, Tail(self.directory.metrics / name))
        return list(self._tails.values())


def parse_lines(lines: list[bytes]) -> Iterator[MetricRecord]:
    """Parse the lines that hold metric records; anything else is passed over."""
    try:
        # One call for many lines takes half the time of one call for each.
        bodies = json.loads(b"[" + b",".join(filter(None, lines)) + b"]")
    except ValueError:
        bodies = filter(None, map(_parse_line, lines))
    for body in bodies:
        record = _record(body)
        if record is not None:
            yield record


def _parse_line(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _record(body: Any) -> MetricRecord | None:
    try:
        values, step = body["values"], body.get("step")
        if not isinstance(values, dict) or not isinstance(step, int | None):
            return None
        return MetricRecord(
            time=float(body["time"]),
            rank=int(body["rank"]),
            step=step,
            values=values,
            source=body.get("source", "script"),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _names(folder: Path) -> list[str]:
    try:
        names = [entry.name for entry in folder.iterdir() if entry.suffix == ".jsonl"]
    except OSError:
        return []
    # rank-10 after rank-9
    return sorted(names, key=lambda name: (len(name), name))
