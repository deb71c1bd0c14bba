"""Tensors whose bytes all ranks of the node can see, so that they are reduced where they lie.

Their memory is torch's own: anonymous, and gone with its last user however that ends. A tensor that
exists already is moved: all its views move along, because torch swaps what lies behind a storage.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from jupyter_sdt.runtime.allocator import give_back_now
from jupyter_sdt.runtime.dataparallel.exchange import Exchange
from jupyter_sdt.runtime.dataparallel.segment import FOLDER_VARIABLE, LINE
from jupyter_sdt.runtime.dataparallel.slot_reduction import SMALL_BYTES

WISH = "wish"
_TORCHS_FOLDER = "/dev/shm"  # noqa: S108 - memory, not a disk; torch uses no other
_SPARE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Shared:
    """One storage of every rank of the node: this rank's, and the bytes of the others."""

    number: int
    storage: Any
    bytes: list[torch.Tensor | None]  # None for this rank's own

    @property
    def is_used(self) -> bool:
        """Whether anybody but us still holds this rank's storage."""
        return int(torch._C._storage_Use_Count(self.storage._cdata)) > 1


class SharedTensors:
    """What the ranks of a node share beyond the slots of their segment."""

    def __init__(self, exchange: Exchange, rank: int, ranks: int) -> None:
        self._exchange, self._rank, self._ranks = exchange, rank, ranks
        self._found: dict[int, Shared] = {}
        # By address; a reference that does not keep alive tells whether it is still that one.
        self._expected: dict[int, Any] = {}
        self._count = 0
        self._is_possible = os.environ.get(FOLDER_VARIABLE, _TORCHS_FOLDER) == _TORCHS_FOLDER

    def place(self, tensor: torch.Tensor) -> str:
        """Where ``tensor`` lies, in words that are the same on all ranks; empty if not shared."""
        if not self._found or tensor.nbytes <= SMALL_BYTES or not tensor.is_contiguous():
            return ""
        shared = self._found.get(tensor.untyped_storage().data_ptr())
        return "" if shared is None else f"{shared.number}+{tensor.storage_offset()}"

    def expect(self, tensor: torch.Tensor) -> None:
        """Remember that this rank's ``tensor`` will be reduced again and again."""
        whole = tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes
        if self._is_possible and whole and tensor.nbytes > SMALL_BYTES:
            reference: Any = StorageWeakRef
            self._expected[tensor.data_ptr()] = reference(tensor.untyped_storage())

    def wish(self, tensor: torch.Tensor) -> str:
        """Ask for a tensor to be moved that was expected to come again."""
        known = self._expected.get(tensor.data_ptr()) if self._expected else None
        is_asked = known is not None and not known.expired() and self._is_possible
        return WISH if is_asked and tensor.untyped_storage().nbytes() == tensor.nbytes else ""

    def views(self, tensor: torch.Tensor) -> list[torch.Tensor]:
        """The same elements of all ranks, in the order of their local ranks."""
        shared = self._found[tensor.untyped_storage().data_ptr()]
        start = tensor.storage_offset() * tensor.element_size()
        return [
            tensor.data.view(-1)
            if whole is None
            else whole[start : start + tensor.nbytes].view(tensor.dtype)
            for whole in shared.bytes
        ]

    def adopt(self, tensor: torch.Tensor) -> bool:
        """Move the storage of ``tensor`` where all ranks see it; all ranks call this together.

        False when a rank lacks room or may not look at another's memory: then nobody asks again.
        """
        self._forget_unused()
        storage = tensor.untyped_storage()
        self._expected.pop(tensor.data_ptr(), None)
        if not self._all(_has_room(storage.nbytes() * self._ranks)):
            self._refuse(storage.nbytes() * self._ranks)
            return False
        file, size = storage._share_fd_cpu_()
        give_back_now()  # the memory that it had
        found = self._gather([os.getpid(), file, size])
        others = [row if rank != self._rank else None for rank, row in enumerate(found)]
        views = [None if row is None else _bytes_of(*row) for row in others]
        if not self._all(sum(view is not None for view in views) == self._ranks - 1):
            self._is_possible = False
            return False
        self._count += 1
        self._found[storage.data_ptr()] = Shared(self._count, storage, views)
        return True

    def common(self, kinds: Sequence[torch.Tensor], copies: int = 1) -> list[torch.Tensor] | None:
        """One tensor like each of ``kinds`` for all ranks of the node, who call this together.

        None where there is no room for so many ``copies`` of them. Their contents are zeros.
        """
        starts = [0, *accumulate(-(-kind.nbytes // LINE) * LINE for kind in kinds)]
        if not self._all(self._is_possible and _has_room(starts[-1] * copies)):
            return None
        mine = [0, 0, starts[-1]]
        if self._rank == 0:
            # Made and not touched, so that pages are there only where somebody writes.
            made: Any = torch.UntypedStorage._new_using_fd_cpu(starts[-1])
            mine = [os.getpid(), made._share_fd_cpu_()[0], starts[-1]]
        whole = _bytes_of(*self._gather(mine)[0])
        if not self._all(whole is not None) or whole is None:
            return None
        # These will be parameters: collectives run in inference mode, whose tensors cannot be that.
        with torch.inference_mode(False):
            return [
                torch.frombuffer(
                    whole.numpy(), dtype=kind.dtype, count=kind.numel(), offset=start
                ).view(kind.shape)
                for kind, start in zip(kinds, starts, strict=False)
            ]

    def _refuse(self, size: int) -> None:
        """Ask for no more, and say so once for the node where there is too little room."""
        if self._is_possible and self._rank == 0:
            sys.stderr.write(
                f"jupyter_sdt: smddp: no {size / 2**20:.1f} MiB of shared memory left in "
                f"{_TORCHS_FOLDER}: gradients are copied instead, more slowly; make it larger\n"
            )
        self._is_possible = False

    def _forget_unused(self) -> None:
        self._found = {key: shared for key, shared in self._found.items() if shared.is_used}

    def _all(self, mine: bool) -> bool:
        return all(row[0] for row in self._gather([int(mine)]))

    def _gather(self, numbers: list[int]) -> list[list[int]]:
        mine = torch.tensor(numbers)
        rows = [torch.empty_like(mine) for _ in range(self._ranks)]
        self._exchange.all_gather([row.view(torch.uint8) for row in rows], mine.view(torch.uint8))
        return [row.tolist() for row in rows]


def _bytes_of(pid: int, file: int, size: int) -> torch.Tensor | None:
    """Map what ``file`` is in the process ``pid``; None where that is not allowed."""
    try:
        opened = os.open(f"/proc/{pid}/fd/{file}", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return torch.frombuffer(mmap.mmap(opened, size), dtype=torch.uint8)
    except OSError:
        return None
    finally:
        os.close(opened)


def _has_room(size: int) -> bool:
    """Whether the folder can hold it: touching memory beyond that would end the process."""
    if not Path(_TORCHS_FOLDER).is_dir():
        return False
    room = os.statvfs(_TORCHS_FOLDER)
    return room.f_bavail * room.f_frsize > size + _SPARE_BYTES
