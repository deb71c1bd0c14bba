"""Sleeping on a word of shared memory until another process wakes us: Linux's futex(2)."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from functools import cache
from typing import Any

_SYSCALL = 202  # x86-64
_WAIT, _WAKE = 0, 1
_EVERYBODY = 0x7FFFFFFF


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def works_here() -> bool:
    """Whether waiting through shared memory is right on this machine.

    The order in which one rank sees another's writes is that of x86-64 (stores become visible in
    program order); other processors would need barriers that Python does not offer.
    """
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")


def cores() -> int:
    """How many cores this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    return len(os.sched_getaffinity(0))


def wait(address: int, seen: int, seconds: float) -> None:
    """Sleep while the 32 bits at ``address`` equal ``seen``, at most ``seconds``."""
    pause = _Timespec(int(seconds), int(seconds % 1 * 1e9))
    word = ctypes.c_uint32(seen & 0xFFFFFFFF)
    # CDLL lets other threads of this process run meanwhile.
    _library(ctypes.CDLL)(_SYSCALL, ctypes.c_void_p(address), _WAIT, word, ctypes.byref(pause))


def wake(address: int) -> None:
    """Wake everybody who sleeps on ``address``."""
    _library(ctypes.PyDLL)(_SYSCALL, ctypes.c_void_p(address), _WAKE, _EVERYBODY)


@cache
def _library(kind: Any) -> Any:
    return kind(None).syscall
