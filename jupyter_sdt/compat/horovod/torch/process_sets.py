"""Sets of ranks that communicate among themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.distributed as dist

from . import basics
from .joining import announce


class ProcessSet:
    """The ranks ``ranks`` of the job; of use once :func:`add_process_set` has made their group.

    ``process_set_id`` is 0 for all ranks, and None while the set is not added.
    """

    def __init__(self, ranks: Sequence[int]) -> None:
        self._ranks = sorted(set(ranks))
        self.process_set_id: int | None = None
        self.group: Any = None

    @property
    def ranks(self) -> list[int]:
        """The members, in ascending order."""
        return self._ranks

    def included(self) -> bool:
        """Whether this process is a member."""
        return basics.rank() in self.ranks

    def rank(self) -> int:
        """The number of this process among the members. Raises ValueError if it is none."""
        self.check()
        return self.ranks.index(basics.rank())

    def size(self) -> int:
        """The number of members."""
        return len(self.ranks)

    def check(self) -> None:
        """Raise ValueError unless this process may communicate in the set."""
        if self.process_set_id is None:
            raise ValueError(f"{self}: call hvd.add_process_set() with it first")
        if not self.included():
            raise ValueError(f"rank {basics.rank()} is not a member of {self}")

    def enter(self, operation: str) -> None:
        """Check, and count an operation if it is one of all ranks."""
        self.check()
        if self is global_process_set:
            announce(operation)

    def __repr__(self) -> str:
        return f"ProcessSet(ranks={self.ranks}, process_set_id={self.process_set_id})"


class _GlobalProcessSet(ProcessSet):
    def __init__(self) -> None:
        super().__init__(())
        self.process_set_id = 0

    @property
    def ranks(self) -> list[int]:
        return list(range(basics.size()))


global_process_set: ProcessSet = _GlobalProcessSet()
_added: dict[int, ProcessSet] = {}


def add_process_set(process_set: ProcessSet | Sequence[int]) -> ProcessSet:
    """Make the group of a set. All ranks of the job must call this, members or not.

    Raises ValueError for ranks that do not exist and for a set that is there already.
    """
    made = process_set if isinstance(process_set, ProcessSet) else ProcessSet(process_set)
    if not made.ranks or made.ranks[0] < 0 or made.ranks[-1] >= basics.size():
        raise ValueError(f"{made}: the ranks of this job are 0 to {basics.size() - 1}")
    if any(made.ranks == other.ranks for other in (global_process_set, *_added.values())):
        raise ValueError(f"{made}: a process set with these ranks exists already")
    made.group = dist.new_group(made.ranks)
    made.process_set_id = max(_added, default=0) + 1
    _added[made.process_set_id] = made
    return made


def process_set_of(process_set_id: int) -> ProcessSet:
    """Return the set with this number. Raises ValueError if there is none."""
    known = {0: global_process_set, **_added}
    if process_set_id not in known:
        raise ValueError(f"process_set_id={process_set_id}: there are {sorted(known)}")
    return known[process_set_id]


def forget_process_sets() -> None:
    """Dissolve all that were added, when the job is left."""
    for process_set in list(_added.values()):
        remove_process_set(process_set)


def remove_process_set(process_set: ProcessSet) -> bool:
    """Dissolve a set, on all ranks; False if it was not there."""
    if process_set.process_set_id not in _added:
        return False
    del _added[process_set.process_set_id]
    process_set.process_set_id = process_set.group = None
    return True
