"""How much memory this process has really taken: what the system counts, not what torch thinks."""

from __future__ import annotations

import ctypes
from pathlib import Path

# mallopt(3): blocks from here on are returned to the system as soon as they are freed.
_MMAP_THRESHOLD, _SMALLEST = -3, 64 << 10


def return_what_is_freed() -> None:
    """Have the system's figures follow the tensors that there are."""
    ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _SMALLEST)


def resident() -> int:
    """Bytes that are in memory now."""
    return _status("VmRSS")


def begin_peak() -> None:
    """Forget the peak so far."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The most bytes that were in memory since :func:`begin_peak`."""
    return _status("VmHWM")


def data_size() -> int:
    """Bytes that RLIMIT_DATA counts."""
    return _status("VmData")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    raise LookupError(name)
