"""The post between ranks: bytes on their way while the sender goes on, in order for each pair."""

from __future__ import annotations

import atexit
import sys
import threading
import time
from collections import deque
from functools import lru_cache
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.errors import CollectiveError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.rank_files import rank_files

# How long a rank that has ended its script stays for those who have not yet received.
_FAREWELL_SECONDS = 600.0


class Post:
    """Messages of this process; safe from several threads.

    gloo keeps a message where it is until the receiver asks for it, so the bytes must live, and a
    thread must wait for them, until it does.
    """

    def __init__(self, group: Any) -> None:
        self._group = group
        self._own: deque[torch.Tensor] = deque()
        self._changed = threading.Condition()
        self._on_their_way: deque[tuple[int, Any, torch.Tensor]] = deque()
        self._lost: dict[int, Exception] = {}
        self._receiving = [threading.Lock() for _ in range(dist.get_world_size())]
        self._waiter: threading.Thread | None = None

    def send(self, content: torch.Tensor, rank: int) -> None:
        """Put bytes on their way to a global rank. ``content`` must not be changed afterwards.

        Raises CollectiveError when an earlier message to ``rank`` could not be delivered.
        """
        with self._changed:
            if rank in self._lost:
                raise _gone(rank, "sending to", self._lost[rank])
            if rank == dist.get_rank():
                self._own.append(content)
            else:
                # In one go: header and content of two threads must not mix.
                self._put(torch.tensor([content.numel()]), rank)
                self._put(content, rank)
            self._changed.notify_all()

    def receive(self, rank: int) -> torch.Tensor:
        """Wait for the next bytes from a global rank. Raises CollectiveError when it is gone."""
        if rank == dist.get_rank():
            return self._receive_own()
        with self._receiving[rank]:
            size = torch.empty(1, dtype=torch.int64)
            self._fill(size, rank)
            content = torch.empty(int(size), dtype=torch.uint8)
            self._fill(content, rank)
        return content

    def farewell(self) -> None:
        """Wait until what was sent has arrived; a rank that failed does not."""
        deadline = time.monotonic() + _FAREWELL_SECONDS
        with self._changed:
            while self._on_their_way and not _failed() and time.monotonic() < deadline:
                self._changed.wait(timeout=0.5)

    def _put(self, tensor: torch.Tensor, rank: int) -> None:
        work = dist.isend(tensor, dst=rank, group=self._group)
        self._on_their_way.append((rank, work, tensor))
        if self._waiter is None:
            self._waiter = threading.Thread(target=self._wait, name="sdt-post", daemon=True)
            self._waiter.start()
            atexit.register(self.farewell)

    def _wait(self) -> None:
        while True:
            with self._changed:
                while not self._on_their_way:
                    self._changed.wait()
                rank, work, _ = self._on_their_way[0]
            try:
                work.wait()
            except Exception as error:  # noqa: BLE001 - whatever gloo raises, it did not arrive
                self._lost[rank] = error
            with self._changed:
                self._on_their_way.popleft()
                self._changed.notify_all()

    def _fill(self, tensor: torch.Tensor, rank: int) -> None:
        if tensor.numel() == 0:
            return
        try:
            dist.recv(tensor, src=rank, group=self._group)
        except RuntimeError as error:
            raise _gone(rank, "receiving from", error) from error

    def _receive_own(self) -> torch.Tensor:
        with self._changed:
            if not self._own:
                raise CollectiveError("receiving from this rank itself, which has sent nothing")
            return self._own.popleft()


@lru_cache(maxsize=1)
def post() -> Post:
    """The post of this process. Raises RuntimeStateError before ``smp.init()``."""
    return Post(world.current().mail)


def _gone(rank: int, doing: str, error: Exception) -> CollectiveError:
    return CollectiveError(f"{doing} rank {rank}: {error}", rank=rank)


def _failed() -> bool:
    """Whether this process ends because of an exception: then nobody waits for the others."""
    files = rank_files()
    return hasattr(sys, "last_value") or (files is not None and files.error.exists())
