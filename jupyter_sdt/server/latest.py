"""The latest values of a job from the ends of its metric files, however long those are."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.metric_reader import parse_lines
from jupyter_sdt.store.series import SeriesTable

# Some ten records of autolog, and some hundreds.
BRIEFLY, THOROUGHLY = 2 * 1024, 64 * 1024


def latest_table(directory: JobDirectory, tail_bytes: int = THOROUGHLY) -> SeriesTable:
    """Return the curves of a job as far as the last ``tail_bytes`` of each file show them."""
    table = SeriesTable()
    for path in sorted(directory.metrics.glob("*.jsonl")):
        table.add(parse_lines(_last_lines(path, tail_bytes)))
    return table


def _last_lines(path: Path, tail_bytes: int) -> list[bytes]:
    try:
        with path.open("rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - tail_bytes))
            lines = (file.read(tail_bytes) or b"").split(b"\n")
    except OSError:
        return []
    # The first is the end of a line that began earlier; the last has no end yet.
    return lines[1 if size > tail_bytes else 0 : -1]
