"""What travels to a nursery over its UNIX socket: a job, an environment, and the job's lock."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from dataclasses import dataclass
from typing import Any

_LENGTH_BYTES = 8
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class NurseryRequest:
    """A received request. ``lock`` is a descriptor of ours now."""

    body: bytes
    lock: int

    def read(self) -> dict[str, Any]:
        """Return ``job`` (path of its directory) and ``environment`` (of who submitted it)."""
        content: dict[str, Any] = json.loads(self.body)
        return content


def send(connection: socket.socket, body: bytes, lock: int) -> None:
    """Send a request; the receiver shares the lock from now on. Raises OSError."""
    socket.send_fds(connection, [len(body).to_bytes(_LENGTH_BYTES, "big")], [lock])
    connection.sendall(body)


def receive(connection: socket.socket, seconds: float | None = _SECONDS) -> NurseryRequest | None:
    """Receive a request, or None from a client that only looked whether anyone is here."""
    if not same_user(connection):
        return None
    connection.settimeout(seconds)
    with contextlib.suppress(OSError):
        head, descriptors, _, _ = socket.recv_fds(connection, _LENGTH_BYTES, 1)
        if len(head) == _LENGTH_BYTES and descriptors:
            with connection.makefile("rb") as stream:
                body = stream.read(int.from_bytes(head, "big"))
            return NurseryRequest(body, descriptors[0])
    return None


def same_user(connection: socket.socket) -> bool:
    """Whether a process of this user is at the other end."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder's mode keeps others out
    layout = "3i"  # pid, uid, gid
    option = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(layout))
    return bool(struct.unpack(layout, option)[1] == os.getuid())
