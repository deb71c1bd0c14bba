"""Standard streams of a rank: its own log file, nothing to read."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
# Kept open for the life of the process: faulthandler writes to the bare descriptor.
_stacks: list[int] = []


def redirect_streams(log: Path) -> None:
    """Send descriptors 1 and 2 to ``log`` and read nothing from 0, for children as well.

    Lines appear in the log as they are written; text that UTF-8 cannot carry is escaped rather
    than ending the script.
    """
    handle = os.open(log, _APPEND, 0o600)
    for target in (1, 2):
        os.dup2(handle, target)
    os.close(handle)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    streams = {
        "stdin": open(0, encoding="utf-8", closefd=False),  # noqa: SIM115
        "stdout": _line_buffered(sys.stdout, 1),
        "stderr": _line_buffered(sys.stderr, 2),
    }
    for name, stream in streams.items():
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def dump_stacks_on_signal(path: Path) -> None:
    """On SIGUSR1 append every thread's stack to ``path``; on a crash write them to the log."""
    faulthandler.enable(file=2, all_threads=True)
    _stacks.append(os.open(path, _APPEND, 0o600))
    faulthandler.register(signal.SIGUSR1, file=_stacks[-1], all_threads=True)


def flush_streams() -> None:
    """Flush stdout and stderr, whatever the script put there."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _line_buffered(stream: TextIO | None, descriptor: int) -> TextIO:
    if isinstance(stream, io.TextIOWrapper) and _descriptor_of(stream) == descriptor:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        return stream
    return open(
        descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def _descriptor_of(stream: io.TextIOWrapper) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return -1
