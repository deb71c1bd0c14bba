"""How a rank's memory is allocated: freed blocks are kept for the next step.

glibc gives big blocks back to the operating system when they are freed. A training step frees its
activations and gradients and asks for the same again, so that each step pays for page faults.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from jupyter_sdt.spec.variables import KEEP_FREED_MEMORY

# mallopt(3): numbers of the parameters, and the largest values they take.
_TRIM_THRESHOLD, _TRIM_BYTES = -1, 2**31 - 1
_MMAP_THRESHOLD, _MMAP_BYTES = -3, 32 << 20
_SMALL_BYTES = 64 << 10
_ARENA_MAX = -8
_OWN_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")

_keeps = False


def keep_freed_memory(environment: Mapping[str, str] = os.environ) -> bool:
    """Let the allocator of this process keep what is freed; return whether it does.

    Not with another C library than glibc, nor where the user has chosen settings of the allocator,
    nor with ``SDT_KEEP_FREED_MEMORY=0``.
    """
    chosen = any(name in environment for name in _OWN_SETTINGS)
    tuned = "malloc" in environment.get("GLIBC_TUNABLES", "")
    if chosen or tuned or environment.get(KEEP_FREED_MEMORY) == "0":
        return False
    global _keeps
    library = _glibc()
    if library is None:
        return False
    big_blocks = library.mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)
    top = library.mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
    _keeps = bool(big_blocks and top)
    return _keeps


@contextmanager
def leaving_no_holes() -> Iterator[None]:
    """Within this, large blocks are mapped one by one: for those that will soon be given up.

    Freed, they leave no holes among others, which would fill with some of the next step's, some of
    the one after that, and be kept. Where freed memory is not kept nothing changes.
    """
    library = _glibc() if _keeps else None
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _SMALL_BYTES)
    try:
        yield
    finally:
        if library is not None:
            library.mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)


def share_one_arena(environment: Mapping[str, str] = os.environ) -> None:
    """Have threads that compute in turn allocate from one place, instead of one for each.

    What one of them frees, the next one uses again. Not where the user has chosen otherwise.
    """
    library = _glibc()
    if library is not None and "MALLOC_ARENA_MAX" not in environment:
        library.mallopt(_ARENA_MAX, 1)


def free_thread_buffers() -> None:
    """Have MKL free what it packed matrices into, for this thread.

    It keeps some 3 MB for each thread that has ever multiplied matrices. Threads that compute in
    turn allocate the same memory again, one after the other.
    """
    _mkl_freeing()()


@cache
def _mkl_freeing() -> Callable[[], object]:
    """MKL's function, out of the torch that is loaded; one that does nothing without."""
    folder = Path(getattr(sys.modules.get("torch"), "__file__", None) or "").parent
    try:
        library = ctypes.CDLL(str(folder / "lib" / "libtorch_cpu.so"))
        found: Callable[[], object] = library.mkl_serv_thread_free_buffers
    except (OSError, AttributeError):
        return lambda: None
    return found


def give_back_now() -> None:
    """Return what is free to the operating system, once: what will not be needed again."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
        # musl has a mallopt, too, that does nothing.
        return library if hasattr(library, "gnu_get_libc_version") else None
    except (OSError, AttributeError):
        return None
