"""A piece of memory that all ranks of a node map: flags, headers, and two slots for each rank.

Its file is unlinked as soon as everybody has it open, so that even a SIGKILL of all ranks leaves
nothing behind.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from jupyter_sdt.spec.process_identity import start_ticks

FOLDER_VARIABLE = "SDT_SHARED_MEMORY_DIR"
LINE = 64  # bytes of a cache line; a flag has one for itself
HEADER = 256  # bytes in which a rank says what it is about to do, and
PLACE = 32  # at their end, where the tensor lies for it
AREAS = 2  # slots of a rank: one is written while the other is still read
_PAGE = 4096
_STALE_SECONDS = 60
_FLOCK = "hhqqi4x"  # struct flock of x86-64 Linux, fcntl_locking(2)


@dataclass(frozen=True, slots=True)
class Shape:
    """Number of ranks, and bytes of one slot (a multiple of 4096)."""

    ranks: int
    slot: int

    @property
    def sleepers(self) -> int:
        """Offset of the sleepers' marks, ``ranks`` bytes for each flag."""
        return self.ranks * LINE

    @property
    def headers(self) -> int:
        """Offset of the headers, ``AREAS`` times one for each rank."""
        return _rounded(self.sleepers + self.ranks**2)

    @property
    def slots(self) -> int:
        """Offset of the slots, ``AREAS`` times one for each rank."""
        return _rounded(self.headers + AREAS * self.ranks * HEADER)

    @property
    def size(self) -> int:
        """Bytes of everything."""
        return self.slots + AREAS * self.ranks * self.slot


class Segment:
    """The mapping of one rank. Raises OSError when it cannot be opened or mapped."""

    def __init__(self, path: str, shape: Shape, rank: int) -> None:
        self.shape, self.rank = shape, rank
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        # Gone with this process however it ends, and not inherited by its forks.
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, rank)
        self.memory = mmap.mmap(self._file, shape.size)
        self.bytes = torch.frombuffer(self.memory, dtype=torch.uint8)
        self.address = self.bytes.data_ptr()

    def slot(self, area: int, rank: int) -> torch.Tensor:
        """The bytes of one slot."""
        start = self.shape.slots + (area * self.shape.ranks + rank) * self.shape.slot
        return self.bytes[start : start + self.shape.slot]

    def is_alive(self, rank: int) -> bool:
        """Whether the process of ``rank`` still has the segment open."""
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, rank, 1, 0)
        answer = fcntl.fcntl(self._file, fcntl.F_GETLK, question)
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)

    def close(self) -> None:
        """Tell the others that this rank has left. The memory goes with its last user."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def create(shape: Shape) -> str:
    """Make the file with all its memory reserved and return its path. Raises OSError."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, "/dev/shm"))  # noqa: S108 - memory, not a disk
    _remove_stale(folder)
    identity = f"{os.getpid()}-{start_ticks(os.getpid())}"
    path = str(folder / f"{_prefix()}{identity}-{uuid.uuid4().hex[:8]}")
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, shape.size)
    except OSError:
        Path(path).unlink()
        raise
    finally:
        os.close(file)
    return path


def _remove_stale(folder: Path) -> None:
    """Remove what ranks left that were killed in the moments before they unlinked it."""
    for path in _files(folder):
        pid, ticks = path.name.removeprefix(_prefix()).split("-")[:2]
        try:
            old = time.time() - path.stat().st_mtime > _STALE_SECONDS
            if old and start_ticks(int(pid)) != ticks:
                path.unlink()
        except (OSError, ValueError):
            continue


def _files(folder: Path) -> Iterator[Path]:
    return folder.glob(f"{_prefix()}*-*-*")


def _prefix() -> str:
    return f"sdt-smddp-{os.getuid()}-"


def _rounded(size: int) -> int:
    return -(-size // _PAGE) * _PAGE
