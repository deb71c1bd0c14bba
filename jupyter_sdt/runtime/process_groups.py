"""Keeping destroyed process groups alive, because torch 2.13 dead-locks when they die too early.

A DistributedDataParallel that is freed after ``destroy_process_group()`` holds the last reference
to the group's C++ object. Its destructor then waits for a thread that waits for Python.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any

from jupyter_sdt.runtime.late_import import when_imported

_kept: list[Any] = []


def keep_process_groups() -> None:
    """Keep every process group that the script destroys, from now on or from torch's import on."""
    when_imported("torch.distributed.distributed_c10d", _keep_destroyed)


def _keep_destroyed(c10d: ModuleType) -> None:
    destroy = c10d.destroy_process_group

    @functools.wraps(destroy)
    def destroy_process_group(group: Any = None) -> None:
        _kept.extend(c10d._world.pg_map)
        destroy(group)

    c10d.destroy_process_group = destroy_process_group  # type: ignore[attr-defined]
    # torch.distributed copies the name; while it is being imported it has not yet done so.
    package = sys.modules.get("torch.distributed")
    if getattr(package, "destroy_process_group", None) is destroy:
        package.destroy_process_group = destroy_process_group  # type: ignore[union-attr]
