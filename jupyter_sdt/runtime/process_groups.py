"""Two cures for scripts that destroy their process groups, which torch 2.13 does not have.

A DistributedDataParallel that is freed after ``destroy_process_group()`` holds the last reference
to the group's C++ object. Its destructor then waits for a thread that waits for Python: destroyed
groups are kept.

Ranks that join a second time meet at the launcher's store again, where the addresses of the first
time still stand. Who reads them connects to a closed port and hangs or fails (torchrun: about every
second time): each time gets keys of its own.
"""

from __future__ import annotations

import functools
import os
import sys
from types import ModuleType
from typing import Any

from jupyter_sdt.runtime.late_import import when_imported
from jupyter_sdt.spec.variables import TORCHELASTIC_RESTART_COUNT

_kept: list[Any] = []
_worlds_left = 0


def keep_process_groups() -> None:
    """Keep every process group that the script destroys, from now on or from torch's import on."""
    when_imported("torch.distributed.distributed_c10d", _keep_destroyed)


def separate_meetings() -> None:
    """Let a rank that left the world join it again, at the same store with other keys."""
    when_imported("torch.distributed.rendezvous", _prefix_store)


def _keep_destroyed(c10d: ModuleType) -> None:
    destroy = c10d.destroy_process_group

    @functools.wraps(destroy)
    def destroy_process_group(group: Any = None) -> None:
        global _worlds_left
        whole = group is None or group == c10d.GroupMember.WORLD
        _kept.extend(c10d._world.pg_map)
        destroy(group)
        _worlds_left += whole

    c10d.destroy_process_group = destroy_process_group  # type: ignore[attr-defined]
    # torch.distributed copies the name; while it is being imported it has not yet done so.
    package = sys.modules.get("torch.distributed")
    if getattr(package, "destroy_process_group", None) is destroy:
        package.destroy_process_group = destroy_process_group  # type: ignore[union-attr]


def _prefix_store(rendezvous: ModuleType) -> None:
    create = rendezvous._create_c10d_store

    @functools.wraps(create)
    def create_c10d_store(*args: Any, **kwargs: Any) -> Any:
        store = create(*args, **kwargs)
        # torchrun's static rendezvous keeps its store, with the addresses of ranks that are gone.
        restarts = os.environ.get(TORCHELASTIC_RESTART_COUNT, "0")
        if not _worlds_left and restarts == "0":
            return store
        torch_distributed: Any = sys.modules["torch.distributed"]
        return torch_distributed.PrefixStore(f"meeting_{restarts}_{_worlds_left}", store)

    rendezvous._create_c10d_store = create_c10d_store  # type: ignore[attr-defined]
