"""One message on a socket: its number and length, itself encoded, and the bytes of its tensors."""

from __future__ import annotations

import ctypes
import math
import socket
import struct
from collections.abc import Sequence
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.encoding import decoded, encoded
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Message

Received = tuple[int, Message, list[torch.Tensor]]
_HEAD = struct.Struct("<QQ")
_BUFFERS = 512  # of one sendmsg(2); the system allows 1024
# A packet lies in the kernel in one piece, of which it finds large ones with difficulty.
_PACKET_BYTES = 96 << 10


def packed(number: int, message: Message, tensors: Sequence[torch.Tensor]) -> list[memoryview]:
    """What is to be sent; the bytes of ``tensors`` are not copied."""
    flat = [_dense(tensor) for tensor in tensors]
    content = encoded(message, flat)
    head = memoryview(_HEAD.pack(number, len(content)) + content)
    return [head, *(_bytes(tensor) for tensor in flat if tensor.numel())]


def send(connection: socket.socket, buffers: Sequence[memoryview]) -> None:
    """Write a message. Raises OSError when nobody reads it any more."""
    for start in range(0, len(buffers), _BUFFERS):
        _send_all(connection, list(buffers[start : start + _BUFFERS]))


def send_packet(connection: socket.socket, buffers: Sequence[memoryview]) -> bool:
    """Send a message as one packet, if it is small and there is room for it at once."""
    if len(buffers) > _BUFFERS or sum(map(len, buffers)) > _PACKET_BYTES:
        return False
    try:
        connection.sendmsg(buffers, (), socket.MSG_DONTWAIT)
    except OSError:  # no room; or gone, which whoever uses the stream finds, too
        return False
    return True


def receive(connection: socket.socket) -> Received:
    """Read a message. Raises EOFError when the other side has closed, OSError when it broke."""
    head = bytearray(_HEAD.size)
    _fill(connection, memoryview(head))
    number, length = _HEAD.unpack(head)
    content = bytearray(length)
    _fill(connection, memoryview(content))
    message, tensors = decoded(content)
    for tensor in tensors:
        if tensor.numel():
            _fill(connection, _bytes(tensor))
    return number, message, tensors


def packet_room() -> memoryview:
    """Where :func:`receive_packet` reads."""
    return memoryview(bytearray(_PACKET_BYTES))


def receive_packet(connection: socket.socket, room: memoryview) -> Received:
    """Read a packet that has come; into ``room`` first.

    Raises BlockingIOError when there is none, EOFError when the other side has closed.
    """
    count = connection.recv_into(room, 0, socket.MSG_DONTWAIT)
    if not count:
        raise EOFError
    number, length = _HEAD.unpack_from(room)
    place = _HEAD.size + length
    message, tensors = decoded(room[_HEAD.size : place])
    for tensor in tensors:
        if tensor.numel():
            content = _bytes(tensor)
            content[:] = room[place : place + len(content)]
            place += len(content)
    return number, message, tensors


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.device.type == "cpu" and tensor.is_contiguous() and not _is_lazy(tensor):
        return tensor  # as nearly all are
    return tensor.detach().to("cpu").resolve_conj().resolve_neg().contiguous()


def _is_lazy(tensor: torch.Tensor) -> bool:
    return tensor.is_conj() or tensor.is_neg()


def _bytes(tensor: torch.Tensor) -> memoryview:
    size = math.prod(tensor.shape) * tensor.element_size()
    content: Any = (ctypes.c_char * size).from_address(tensor.data_ptr())
    content.tensor = tensor  # which must live as long as the view
    return memoryview(content).cast("B")


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
