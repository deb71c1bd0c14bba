"""One message on a socket: its length, itself pickled, and the bytes of its tensors."""

from __future__ import annotations

import ctypes
import math
import pickle
import socket
import struct
from collections.abc import Sequence
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Message

_LENGTH = struct.Struct("<Q")
_BUFFERS = 512  # of one sendmsg(2); the system allows 1024


def send(connection: socket.socket, message: Message, tensors: Sequence[torch.Tensor]) -> None:
    """Write a message. Raises OSError when nobody reads it any more."""
    flat = [_dense(tensor) for tensor in tensors]
    forms = [(tensor.dtype, tuple(tensor.shape)) for tensor in flat]
    head = pickle.dumps((message, forms), protocol=5)
    buffers = [_LENGTH.pack(len(head)), head, *(_bytes(t) for t in flat if t.numel())]
    for start in range(0, len(buffers), _BUFFERS):
        _send_all(connection, [memoryview(b).cast("B") for b in buffers[start : start + _BUFFERS]])


def receive(connection: socket.socket) -> tuple[Message, list[torch.Tensor]]:
    """Read a message. Raises EOFError when the other side has closed, OSError when it broke."""
    head = bytearray(_LENGTH.size)
    _fill(connection, memoryview(head))
    content = bytearray(_LENGTH.unpack(head)[0])
    _fill(connection, memoryview(content))
    # The other side is a rank of the same job, known by its secret.
    message, forms = pickle.loads(content)  # noqa: S301
    tensors = [torch.empty(shape, dtype=dtype) for dtype, shape in forms]
    for tensor in tensors:
        if tensor.numel():
            _fill(connection, memoryview(_bytes(tensor)).cast("B"))
    return message, tensors


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu").resolve_conj().resolve_neg().contiguous()


def _bytes(tensor: torch.Tensor) -> Any:
    size = math.prod(tensor.shape) * tensor.element_size()
    return (ctypes.c_char * size).from_address(tensor.data_ptr())


def _send_all(connection: socket.socket, buffers: list[memoryview]) -> None:
    while buffers:
        sent = connection.sendmsg(buffers)
        while buffers and sent >= len(buffers[0]):
            sent -= len(buffers.pop(0))
        if sent:
            buffers[0] = buffers[0][sent:]


def _fill(connection: socket.socket, room: memoryview) -> None:
    while room:
        count = connection.recv_into(room)
        if not count:
            raise EOFError
        room = room[count:]
