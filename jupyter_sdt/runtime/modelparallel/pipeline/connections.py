"""Sockets to the other stages of one pipeline.

Messages up to some size are packets, which wait in the kernel until the other stage looks between
two of its tasks. What is larger, or finds no room, goes through a stream that a thread reads, so
that a sender never waits until the receiver has finished computing. The end of a connection is a
message, too: a stage that dies is noticed at once.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel.pipeline import wire
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Arrival, Delivery, Inbox, Source
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Lost, Message


class Sockets(NamedTuple):
    """The way to another stage; there are packets within a node, where the system has them."""

    stream: socket.socket
    packets: socket.socket | None


class Connections:
    """The other stages of this pipeline, by number; or the replicas of this stage.

    ``inbox`` is another's, where both are waited for together.
    """

    def __init__(
        self, stage: int, sockets: dict[int, Sockets], group: Any, inbox: Inbox | None = None
    ) -> None:
        self.stage, self.group = stage, group
        self.ranks: list[int] = dist.get_process_group_ranks(group)
        self.inbox = inbox or Inbox()
        self._sockets = sockets
        self._sent = dict.fromkeys(sockets, 0)
        self._sources = {peer: Source(peer, ways.packets) for peer, ways in sockets.items()}
        for peer, source in self._sources.items():
            self.inbox.add(source)
            name = f"sdt-stage-{peer}"
            threading.Thread(target=self._read, args=(source,), name=name, daemon=True).start()

    def send(self, stage: int, message: Message, tensors: Sequence[torch.Tensor] = ()) -> None:
        """Send to one stage. That it is gone is found where its messages arrive."""
        stream, packets = self._sockets[stage]
        buffers = wire.packed(self._sent[stage], message, tensors)
        self._sent[stage] += 1
        if packets is not None and wire.send_packet(packets, buffers):
            return
        try:
            wire.send(stream, buffers)
        except OSError:
            self._ended(self._sources[stage])

    def receive(self, seconds: float | None) -> Delivery | None:
        """The next message, or None when none came in so many seconds (0: there is none)."""
        return self.inbox.get(seconds)

    def close(self) -> None:
        """Say goodbye: the others find the connections ended."""
        for stream, packets in self._sockets.values():
            stream.close()
            if packets is not None:
                packets.close()

    def _read(self, source: Source) -> None:
        stream = self._sockets[source.stage].stream
        try:
            while True:
                self.inbox.put(Arrival(source, *wire.receive(stream)))
        except Exception as error:  # noqa: BLE001 - the engine waits for this thread's messages
            if not isinstance(error, (EOFError, OSError)):
                sys.excepthook(type(error), error, error.__traceback__)
            self._ended(source)

    def _ended(self, source: Source) -> None:
        self.inbox.put(Arrival(source, -1, Lost(self.ranks[source.stage]), []))
