"""Commits on the disk, for ranks that are started anew because one of them was lost.

Horovod's remaining ranks go on from their memory. Here all ranks begin again (``--max-restarts``),
and find what they kept last in the folder of the job.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.runtime.rank_files import rank_files, write_whole
from jupyter_sdt.runtime.restarts import restart_count

from ..basics import rank

_KEPT = "_kept"  # how the names of what a state keeps begin


def write_commit(state: Any) -> None:
    """Write what ``state`` has kept, in a job that may be restarted.

    Rank 0's counts for all ranks, unless each has something of its own.
    """
    if (path := _path()) is None or (rank() > 0 and not state.has_own):
        return
    content = io.BytesIO()
    torch.save({n: v for n, v in vars(state).items() if n.startswith(_KEPT)}, content)
    write_whole(path, content.getvalue())


def take_up_commit(state: Any) -> None:
    """After a restart, let ``state`` return to what this rank had written before."""
    if not restart_count() or (path := _path()) is None or not path.exists():
        return
    # The job's own file, which may hold any object.
    vars(state).update(torch.load(path, map_location="cpu", weights_only=False))
    state.restore()


def forget_commit() -> None:
    """Remove what was written: training is over."""
    if (path := _path()) is not None:
        path.unlink(missing_ok=True)


def _path() -> Path | None:
    """The file of this rank; None where nobody would start it anew."""
    files = rank_files()
    if files is None or not files.read_spec().get("max_restarts", 0):
        return None
    return files.commit
