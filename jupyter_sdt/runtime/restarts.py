"""Ranks that torchrun or the supervisor starts anew after one was lost."""

from __future__ import annotations

import os
import sys

from jupyter_sdt.runtime.metrics import MetricWriter
from jupyter_sdt.runtime.rank_files import RankFiles
from jupyter_sdt.spec.variables import RESTART_COUNT, TORCHELASTIC_RESTART_COUNT


def note_restart(files: RankFiles, most: int) -> None:
    """In a rank that was restarted, say so in the log and in the metric ``restarts``.

    What the rank wrote about the end of its predecessor is removed: it is history. ``most`` is how
    often the job may be restarted.
    """
    count = restart_count()
    if not count:
        return
    files.error.unlink(missing_ok=True)
    sys.stderr.write(f"jupyter_sdt: all ranks were started anew: restart {count} of {most}\n")
    if files.rank == 0:
        MetricWriter(files.metrics, files.rank).write(None, f'"restarts":{count}', "autolog")


def restart_count() -> int:
    """How often the ranks of this job were started anew."""
    count = os.environ.get(RESTART_COUNT, os.environ.get(TORCHELASTIC_RESTART_COUNT, "0"))
    return int(count) if count.isdecimal() else 0
