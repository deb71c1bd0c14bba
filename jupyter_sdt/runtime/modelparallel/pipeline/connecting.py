"""How the stages of one pipeline find each other: every pair of them gets sockets of its own.

Within a node sockets are UNIX sockets, one for packets beside the stream; between nodes TCP.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import shutil
import socket
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel import futex
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections, Sockets
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Inbox
from jupyter_sdt.spec.variables import LOCAL_WORLD_SIZE

_SECRET = 16
_STAGE = struct.Struct("<I")
_BUFFER = 4 << 20
_AWAKE_SECONDS = 1e-2


@dataclass(frozen=True, slots=True)
class _Address:
    node: str
    path: str
    tcp: tuple[str, int]
    secret: bytes = field(repr=False)


def connect(stage: int, group: Any, inbox: Inbox | None = None) -> Connections:
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
    return Connections(stage, sockets, group, inbox or Inbox(_seconds_awake()))


def _seconds_awake() -> float:
    """How long to look for a message before sleeping: not at all where others need the core."""
    local = int(os.environ.get(LOCAL_WORLD_SIZE) or dist.get_world_size())
    return _AWAKE_SECONDS if local * torch.get_num_threads() <= futex.cores() else 0.0


def _listen(folder: str) -> tuple[socket.socket, socket.socket]:
    near = socket.socket(socket.AF_UNIX)
    near.bind(str(Path(folder) / "stage"))
    near.listen(128)
    far = socket.socket()
    far.bind((_own_address(), 0))
    far.listen(128)
    return near, far


def _call(address: _Address, own: _Address, stage: int) -> Sockets:
    hello = address.secret + _STAGE.pack(stage)
    if address.node != own.node:
        stream = socket.create_connection(address.tcp)
        stream.sendall(hello)
        return Sockets(_prepared(stream), None)
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(address.path)
    mine, theirs = _packets()
    with contextlib.ExitStack() as stack:
        descriptors = [] if theirs is None else [stack.enter_context(theirs).fileno()]
        socket.send_fds(stream, [hello], descriptors)
    return Sockets(_prepared(stream), mine)


def _packets() -> tuple[socket.socket, socket.socket] | tuple[None, None]:
    """Two ends of a way for packets; not every system has it."""
    try:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:
        return None, None
    return _prepared(mine), _prepared(theirs)


def _accept(listener: socket.socket, secret: bytes) -> tuple[int, Sockets]:
    """The next caller that knows the secret: only ranks of this job do."""
    while True:
        stream, _ = listener.accept()
        hello, passed = _greeting(stream)
        if len(hello) == _SECRET + _STAGE.size and hmac.compare_digest(hello[:_SECRET], secret):
            packets = passed[0] if passed else None
            return _STAGE.unpack(hello[_SECRET:])[0], Sockets(_prepared(stream), packets)
        for connection in (stream, *passed):
            connection.close()


def _greeting(stream: socket.socket) -> tuple[bytes, list[socket.socket]]:
    size = _SECRET + _STAGE.size
    if stream.family != socket.AF_UNIX:
        return stream.recv(size, socket.MSG_WAITALL), []
    hello, descriptors, _, _ = socket.recv_fds(stream, size, 1, socket.MSG_WAITALL)
    return hello, [socket.socket(fileno=descriptor) for descriptor in descriptors]


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
