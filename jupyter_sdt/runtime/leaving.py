"""Ending a rank: all that a normal end of the interpreter does, then out at once."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import threading
import weakref
from collections.abc import Iterable
from typing import NoReturn

from jupyter_sdt.runtime.streams import flush_streams

# The C type under every file object; the abstract io.IOBase makes each look-up slow.
_FILE = io.IOBase.__mro__[1]
_PLAIN = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


def end_interpreter() -> None:
    """Join threads, run exit handlers and write out open files.

    The order is that of Py_FinalizeEx. Objects are not destroyed one by one: with torch 2.13 that
    dead-locks when a DistributedDataParallel outlives its process group.
    """
    shutdown = getattr(threading, "_shutdown", None)
    with contextlib.suppress(Exception):
        if shutdown is not None:
            shutdown()
    _skip_operator_removal()
    atexit._run_exitfuncs()
    with contextlib.suppress(MemoryError):  # a rank that ran out of it leaves as it would have
        flush_files(gc.get_objects())
    flush_streams()


def flush_files(objects: Iterable[object]) -> None:
    """Write out what the script left in open files, as their destruction would.

    Compressed files and the like are closed, because only that writes their last block.
    """
    files = [thing for thing in objects if issubclass(type(thing), _FILE)]
    for stage in (_flush_text, _close_others, _flush_plain):
        for file in files:
            with contextlib.suppress(Exception):
                stage(file)


def finalize_mpi() -> None:
    """Call MPI_Finalize where the script used mpi4py, which leaves it to the interpreter's end.

    A rank that leaves without it counts as crashed, and mpirun ends the others.
    """
    mpi = getattr(sys.modules.get("mpi4py"), "MPI", None)
    if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized():
        mpi.Finalize()


def exit_now(code: int) -> NoReturn:
    """Leave with ``code`` without destroying anything."""
    os._exit(code & 0xFF)


def exit_code_of(error: SystemExit) -> int:
    """The exit code of ``sys.exit(...)``; text is written to stderr and means 1."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1


def _skip_operator_removal() -> None:
    """Spare torch's exit handlers that take operators out of tables about to vanish (30 ms)."""
    for finalizer in list(getattr(weakref.finalize, "_registry", ())):
        function = (finalizer.peek() or (None, None))[1]
        if getattr(function, "__module__", "") == "torch.library":
            finalizer.atexit = False


def _flush_text(file: object) -> None:
    if isinstance(file, io.TextIOWrapper):
        file.flush()


def _close_others(file: object) -> None:
    if not isinstance(file, (*_PLAIN, io.RawIOBase, io.BytesIO, io.StringIO, io.BufferedReader)):
        file.close()  # type: ignore[attr-defined]


def _flush_plain(file: object) -> None:
    if isinstance(file, _PLAIN):
        file.flush()
