"""Make a process, new or forked from a warmed one, look like a new interpreter."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from jupyter_sdt.runtime.compat_path import COMPAT
from jupyter_sdt.spec.variables import TORCHELASTIC_USE_AGENT_STORE

_THREADS = "OMP_NUM_THREADS"


def start_fresh(script_folder: Path) -> None:
    """Undo what a warm parent left: signals, import path, thread count, random state.

    In a new interpreter nothing of it makes a difference.
    """
    _reset_signals()
    sys.path[:] = import_path(script_folder, sys.path)
    importlib.invalidate_caches()
    gc.enable()
    _renew_multiprocessing()
    _renew_numpy()
    if "torch" in sys.modules:
        set_threads(os.environ.get(_THREADS, ""))
        sys.addaudithook(_follow_variables)


def import_path(script_folder: Path, current: list[str]) -> list[str]:
    """``sys.path`` as ``python script`` has it: the script's folder, PYTHONPATH, the rest.

    At the very end stand our substitutes for libraries that are not installed.
    """
    here = str(Path.cwd())
    given = [str(Path(p).absolute()) for p in os.environ.get("PYTHONPATH", "").split(":") if p]
    first = [str(script_folder), here, *given]
    rest = (entry for entry in current if entry and entry != str(COMPAT))
    return [*dict.fromkeys([*first, *rest]), str(COMPAT)]


def set_threads(text: str) -> None:
    """Give torch the number of threads it takes from OMP_NUM_THREADS when it is loaded later."""
    import torch  # noqa: PLC0415

    torch.set_num_threads(int(text) if text.isdecimal() and int(text) else _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _follow_variables(event: str, arguments: tuple[Any, ...]) -> None:
    """Honour variables that a script sets in ``os.environ`` when it is late for torch to look.

    Threads: in a forked process torch is there already and would not look again. A place to meet
    of the script's own: nobody listens there unless rank 0 does, so the supervisor's store is off.
    """
    if event != "os.putenv":
        return
    if arguments[0] in {b"OMP_NUM_THREADS", b"MKL_NUM_THREADS"}:
        set_threads(os.fsdecode(arguments[1]))
    elif arguments[0] in {b"MASTER_ADDR", b"MASTER_PORT"}:
        os.environ[TORCHELASTIC_USE_AGENT_STORE] = "False"


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _renew_multiprocessing() -> None:
    """Children started by spawn look for the script from here, with a key of their own."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = str(Path.cwd())  # type: ignore[attr-defined]
        process.current_process().authkey = os.urandom(32)


def _renew_numpy() -> None:
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()
