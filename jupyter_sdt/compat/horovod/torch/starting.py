"""``hvd.init`` and ``hvd.shutdown``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import basics
from .process_sets import ProcessSet, add_process_set, forget_process_sets


def init(comm: Any = None, process_sets: str | Sequence[ProcessSet] | None = None) -> None:
    """Join the job, started by mpirun, torchrun or this package. A second call does nothing.

    ``process_sets`` are added at once, the same on all ranks; "dynamic" says that they come later.
    Raises NotImplementedError for a ``comm`` of only some ranks, ValueError for a set that cannot
    be.
    """
    if basics.is_initialized():
        return
    basics.join(comm)
    if process_sets is None or isinstance(process_sets, str):
        return
    for process_set in process_sets:
        add_process_set(process_set)


def shutdown() -> None:
    """Wait for all ranks and leave the process group. ``init`` may be called again."""
    if basics.is_initialized():
        forget_process_sets()
        basics.leave()
