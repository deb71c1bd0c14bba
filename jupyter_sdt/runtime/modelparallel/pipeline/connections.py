"""Sockets between the stages of one pipeline, and the one queue in which all messages arrive.

A thread for each peer reads, so that a sender never waits until the receiver has finished
computing. Within a node sockets are UNIX sockets, between nodes TCP. The end of a connection is a
message, too: a stage that dies is noticed at once.
"""

from __future__ import annotations

import hmac
import os
import secrets
import shutil
import socket
import struct
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel.pipeline import wire
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Lost, Message

Delivery = tuple[int, Message, list[torch.Tensor]]
_SECRET = 16
_STAGE = struct.Struct("<I")
_BUFFER = 4 << 20


@dataclass(frozen=True, slots=True)
class _Address:
    node: str
    path: str
    tcp: tuple[str, int]
    secret: bytes = field(repr=False)


class Connections:
    """The other stages of this pipeline, by number; or the replicas of this stage.

    ``inbox`` is another's, where both are waited for together.
    """

    def __init__(
        self,
        stage: int,
        sockets: dict[int, socket.socket],
        group: Any,
        inbox: SimpleQueue[Delivery] | None = None,
    ) -> None:
        self.stage, self.group = stage, group
        self.ranks: list[int] = dist.get_process_group_ranks(group)
        self.inbox: SimpleQueue[Delivery] = inbox or SimpleQueue()
        self._sockets = sockets
        for peer, connection in sockets.items():
            arguments = (peer, connection)
            name = f"sdt-stage-{peer}"
            threading.Thread(target=self._read, args=arguments, name=name, daemon=True).start()

    def send(self, stage: int, message: Message, tensors: Sequence[torch.Tensor] = ()) -> None:
        """Send to one stage. That it is gone is found where its messages arrive."""
        try:
            wire.send(self._sockets[stage], message, tensors)
        except OSError:
            self.inbox.put((stage, Lost(self.ranks[stage]), []))

    def receive(self, seconds: float | None) -> Delivery | None:
        """The next message, or None when none came in so many seconds (0: there is none)."""
        try:
            return self.inbox.get(timeout=seconds) if seconds else self.inbox.get_nowait()
        except Empty:
            return None

    def close(self) -> None:
        """Say goodbye: the others find the connections ended."""
        for connection in self._sockets.values():
            connection.close()

    def _read(self, peer: int, connection: socket.socket) -> None:
        try:
            while True:
                message, tensors = wire.receive(connection)
                self.inbox.put((peer, message, tensors))
                del message, tensors
        except Exception as error:  # noqa: BLE001 - the engine waits for this thread's messages
            if not isinstance(error, (EOFError, OSError)):
                sys.excepthook(type(error), error, error.__traceback__)
            self.inbox.put((peer, Lost(self.ranks[peer]), []))


def connect(stage: int, group: Any, inbox: SimpleQueue[Delivery] | None = None) -> Connections:
    """Connect this stage with all others; the ranks of ``group`` are the stages, in order.

    Likewise the replicas of a stage, whose messages then arrive in the ``inbox`` of the stages'.
    """
    folder = tempfile.mkdtemp(prefix="sdt-pipeline-")
    try:
        near, far = _listen(folder)
        with near, far:
            own = _Address(_node(folder), near.getsockname(), _tcp(far), secrets.token_bytes(16))
            addresses: list[Any] = [None] * dist.get_world_size(group)
            dist.all_gather_object(addresses, own, group=group)
            sockets = {peer: _call(addresses[peer], own, stage) for peer in range(stage)}
            for peer in addresses[stage + 1 :]:
                number, accepted = _accept(near if peer.node == own.node else far, own.secret)
                sockets[number] = accepted
            dist.barrier(group)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Connections(stage, sockets, group, inbox)


def _listen(folder: str) -> tuple[socket.socket, socket.socket]:
    near = socket.socket(socket.AF_UNIX)
    near.bind(str(Path(folder) / "stage"))
    near.listen(128)
    far = socket.socket()
    far.bind((_own_address(), 0))
    far.listen(128)
    return near, far


def _call(address: _Address, own: _Address, stage: int) -> socket.socket:
    near = address.node == own.node
    connection = socket.socket(socket.AF_UNIX if near else socket.AF_INET)
    connection.connect(address.path if near else address.tcp)
    connection.sendall(address.secret + _STAGE.pack(stage))
    return _prepared(connection)


def _accept(listener: socket.socket, secret: bytes) -> tuple[int, socket.socket]:
    """The next caller that knows the secret: only ranks of this job do."""
    while True:
        connection, _ = listener.accept()
        hello = connection.recv(_SECRET + _STAGE.size, socket.MSG_WAITALL)
        if len(hello) == _SECRET + _STAGE.size and hmac.compare_digest(hello[:_SECRET], secret):
            return _STAGE.unpack(hello[_SECRET:])[0], _prepared(connection)
        connection.close()


def _prepared(connection: socket.socket) -> socket.socket:
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        connection.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def _node(folder: str) -> str:
    """The same for ranks that see each other's files."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = socket.gethostname()
    parent = Path(folder).parent.stat()
    return f"{boot} {parent.st_dev} {parent.st_ino} {os.getuid()}"


def _own_address() -> str:
    """The address under which other nodes reach this one: that of the way to the first rank."""
    master = os.environ.get("MASTER_ADDR", "127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((master, 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _tcp(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return host, port
