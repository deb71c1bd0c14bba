"""Where the ranks of a node wait for each other, and notice that one of them is gone."""

from __future__ import annotations

import threading
import time

from jupyter_sdt.errors import CollectiveError
from jupyter_sdt.runtime.dataparallel import futex
from jupyter_sdt.runtime.dataparallel.segment import HEADER, LINE, PLACE, Segment

_SPINS = 300  # about 20 microseconds
_LOOK_SECONDS = 0.1  # how often a sleeper looks whether the other is still alive


class PlacesDifferError(Exception):
    """All ranks want the same, with tensors that do not all lie in shared memory."""


class Meeting:
    """A barrier of ``segment``'s ranks. ``names`` are their ranks in the whole group.

    Each rank counts in a flag of its own how many times it has arrived; one waits until all
    flags have reached one's own count. Where there are more ranks than cores a rank sleeps at
    once, because spinning would keep the one it waits for from running.
    """

    def __init__(self, segment: Segment, names: list[int], seconds: float) -> None:
        self.names, self._seconds, self._segment = names, seconds, segment
        ranks, me = segment.shape.ranks, segment.rank
        whole = memoryview(segment.memory)
        self._flags = whole[: ranks * LINE].cast("q")
        self._mine = me * LINE // 8
        self._others = [rank for rank in range(ranks) if rank != me]
        self._asleep = whole[segment.shape.sleepers :]
        self._my_sleepers = slice(me * ranks, (me + 1) * ranks)
        self._nobody = bytes(ranks)
        self._spins = _SPINS if ranks <= futex.cores() else 0
        self._fence = threading.Lock()
        self._count = 0
        self._headers = whole[segment.shape.headers :]
        self._operations = 0

    def meet(self, doing: str) -> None:
        """Return when all ranks have called it as many times as this one.

        Raises CollectiveError when one of them has ended, or is not there in time.
        """
        self._count += 1
        self._flags[self._mine] = self._count
        # An atomic instruction: our flag is visible before we look who sleeps.
        self._fence.acquire()
        self._fence.release()
        if self._asleep[self._my_sleepers] != self._nobody:
            futex.wake(self._segment.address + self._mine * 8)
        for rank in self._others:
            if self._flags[rank * LINE // 8] < self._count:
                self._await(rank, doing)

    def agree(self, header: bytes, place: bytes = b"") -> None:
        """Meet, and make sure that all ranks are about to do the same.

        ``header`` describes it in at most 223 bytes, ``place`` in at most 32 where its tensor lies.
        Raises CollectiveError naming two whose headers differ, else PlacesDifferError.
        """
        area = self._operations % 2
        self._operations += 1
        start = area * self._segment.shape.ranks * HEADER
        mine = start + self._segment.rank * HEADER
        padded = header.ljust(HEADER - PLACE, b"\0") + place.ljust(PLACE, b"\0")
        self._headers[mine : mine + HEADER] = padded
        self.meet(_text(header))
        others = [start + rank * HEADER for rank in self._others]
        if all(self._headers[other : other + HEADER] == padded for other in others):
            return
        for rank, other in zip(self._others, others, strict=True):
            theirs = bytes(self._headers[other : other + HEADER - PLACE])
            if theirs != padded[: HEADER - PLACE]:
                self._disagree(rank, header, theirs)
        raise PlacesDifferError

    def _disagree(self, rank: int, mine: bytes, other: bytes) -> None:
        me, them = self.names[self._segment.rank], self.names[rank]
        raise CollectiveError(
            f"the ranks of this group do not ask for the same: rank {me} for {_text(mine)}, "
            f"rank {them} for {_text(other)}; every rank must call the same "
            "collectives in the same order with tensors of one size and dtype",
            rank=them,
        )

    def _await(self, rank: int, doing: str) -> None:
        flag = rank * LINE // 8
        for _ in range(self._spins):
            if self._flags[flag] >= self._count:
                return
        deadline = time.monotonic() + self._seconds
        mark = rank * self._segment.shape.ranks + self._segment.rank
        while (seen := self._flags[flag]) < self._count:
            self._asleep[mark] = 1
            futex.wait(self._segment.address + flag * 8, seen, _LOOK_SECONDS)
            self._asleep[mark] = 0
            if self._flags[flag] == seen:
                self._look(rank, doing, deadline)

    def _look(self, rank: int, doing: str, deadline: float) -> None:
        name = self.names[rank]
        gone = not self._segment.is_alive(rank)
        if self._flags[rank * LINE // 8] >= self._count:
            return
        if gone:
            raise CollectiveError(
                f"rank {name} is gone: it ended, was killed or left the group while this rank "
                f"waited for it in {doing}; its log says why",
                rank=name,
            )
        if time.monotonic() > deadline:
            raise CollectiveError(
                f"rank {name} did not come to {doing} within {self._seconds:g} s; it is still "
                "alive and does something else, or takes longer than the group's timeout",
                rank=name,
            )


def _text(header: bytes) -> str:
    return header.rstrip(bytes(1)).decode(errors="replace")
