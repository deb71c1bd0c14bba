"""The one queue in which all messages of a stage arrive, in the order in which each peer sent them.

Small messages lie in the packet sockets until the stage looks: a thread that took them in would
compete with the computation, at every message, for the interpreter and a core. Large ones do not
fit there, so a thread for each peer reads them, and no sender waits until this stage has computed.
"""

from __future__ import annotations

import math
import select
import socket
import time
from collections import deque
from queue import SimpleQueue
from typing import NamedTuple

import torch

from jupyter_sdt.runtime.modelparallel.pipeline import wire
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Lost, Message

Delivery = tuple[int, Message, list[torch.Tensor]]


class Arrival(NamedTuple):
    """A message from a stream; ``number`` counts what the peer has sent, -1 when it has ended."""

    source: Source
    number: int
    message: Message
    tensors: list[torch.Tensor]


class Source:
    """What comes from one peer, in order; small messages through ``packets``."""

    def __init__(self, stage: int, packets: socket.socket | None) -> None:
        self.stage, self.packets = stage, packets
        self._next = 0
        self._early: dict[int, tuple[Message, list[torch.Tensor]]] = {}

    def in_order(
        self, number: int, message: Message, tensors: list[torch.Tensor]
    ) -> list[Delivery]:
        """What can be delivered now that this has come."""
        self._early[number] = message, tensors
        found: list[Delivery] = []
        while self._next in self._early:
            found.append((self.stage, *self._early.pop(self._next)))
            self._next += 1
        return found


class Inbox:
    """Messages of several peers. Used by one thread at a time, except for :meth:`put`.

    It looks for ``awake`` seconds before it sleeps: to wake a core takes longer than most answers,
    and keeps the sender busy, too.
    """

    def __init__(self, awake: float = 0.0) -> None:
        self._awake = awake
        self._streams: SimpleQueue[Arrival] = SimpleQueue()
        self._ready: deque[Delivery] = deque()
        self._sources: dict[int, Source] = {}
        self._bell, self._ringing = socket.socketpair()
        self._bell.setblocking(False)
        self._ringing.setblocking(False)
        self._waiting = select.poll()
        self._waiting.register(self._bell, select.POLLIN)
        self._room = wire.packet_room()

    @property
    def has_core(self) -> bool:
        """Whether nobody else needs the core meanwhile."""
        return self._awake > 0

    def add(self, source: Source) -> None:
        """Take in what comes from another peer."""
        if source.packets is not None:
            self._sources[source.packets.fileno()] = source
            self._waiting.register(source.packets, select.POLLIN)

    def put(self, arrival: Arrival) -> None:
        """A thread has read a message, or found that its peer has ended."""
        self._streams.put(arrival)
        try:
            self._ringing.send(b"!")
        except BlockingIOError:  # it has been ringing for long
            return

    def get(self, seconds: float | None) -> Delivery | None:
        """The next message; None when none came in so many seconds (None: wait for ever)."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._ready:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            readable = self._looked(left) or self._slept(left)
            for number, _ in readable:
                self._look(number)
            if not readable and left is not None:
                break
        return self._ready.popleft() if self._ready else None

    def _looked(self, left: float | None) -> list[tuple[int, int]]:
        until = time.monotonic() + (self._awake if left is None else min(left, self._awake))
        found = self._waiting.poll(0)
        while not found and time.monotonic() < until:
            found = self._waiting.poll(0)
        return found

    def _slept(self, left: float | None) -> list[tuple[int, int]]:
        if left == 0:  # to look was all that was asked for
            return []
        return self._waiting.poll(None if left is None else math.ceil(left * 1e3))

    def _look(self, number: int) -> None:
        if number == self._bell.fileno():
            self._bell.recv(4096)
            self._take_streams()
        elif number in self._sources:  # or it has just ended
            self._take_packet(self._sources[number])

    def _take_streams(self) -> None:
        while not self._streams.empty():
            source, number, message, tensors = self._streams.get()
            if isinstance(message, Lost):
                while self._take_packet(source):  # which it had sent before it ended
                    pass
                self._ready.append((source.stage, message, tensors))
            else:
                self._ready += source.in_order(number, message, tensors)

    def _take_packet(self, source: Source) -> bool:
        """Take in one packet; return whether there was one."""
        if source.packets is None:
            return False
        try:
            received = wire.receive_packet(source.packets, self._room)
        except BlockingIOError:
            return False
        except (EOFError, OSError):  # the thread that reads its stream says so
            self._drop(source)
            return False
        self._ready += source.in_order(*received)
        return True

    def _drop(self, source: Source) -> None:
        if source.packets is not None:
            self._waiting.unregister(source.packets)
            del self._sources[source.packets.fileno()]
            source.packets = None
