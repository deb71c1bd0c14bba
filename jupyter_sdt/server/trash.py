"""Deleting jobs so that it can be undone for a while, by this server or by the next one.

A deleted job lies in ``.deleted-NAME.DEADLINE.RANDOM/NAME`` beside the others; no reader takes such
a folder for a job. Whoever comes first, undo or removal, renames it: both are one step, so a job is
either back as it was or gone, whenever a server dies.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import threading
import time
from pathlib import Path

from jupyter_sdt.launch.supervision.process_tree import job_processes
from jupyter_sdt.server.own_jobs import ConflictError, UnknownJobError, named_job, own_job
from jupyter_sdt.store.job_directory import JobDirectory, jobs_root
from jupyter_sdt.store.job_state import observe

MOST_UNDO_SECONDS = 3600
_DELETED, _DOOMED = ".deleted-", ".doomed-"


def delete_job(directory: JobDirectory, undo_seconds: float = 0) -> float:
    """Remove a job that has ended, with all its files, after ``undo_seconds``.

    It disappears at once. Returns until when it can be restored (seconds since the epoch). Raises
    ConflictError while anything of it runs, UnknownJobError when it is gone already.
    """
    if not observe(directory).terminal:
        raise ConflictError(f"job {directory.job_name} is still running; stop it first")
    # The supervisor of a lost job has died, its ranks need not have.
    if job_processes(directory):
        raise ConflictError(f"processes of job {directory.job_name} still run; stop it first")
    deadline = int(time.time() + undo_seconds)
    prefix = f"{_DELETED}{directory.job_name}.{deadline}."
    aside = Path(tempfile.mkdtemp(prefix=prefix, dir=directory.path.parent))
    try:
        directory.path.rename(aside / directory.job_name)
    except FileNotFoundError:
        aside.rmdir()
        raise UnknownJobError(f"no job {directory.job_name!r}") from None
    _sweep_later(undo_seconds)
    return deadline


def restore_job(job_name: str) -> JobDirectory:
    """Bring back the job of this name that was deleted last.

    Raises UnknownJobError when there is none (any more), ConflictError when the name is taken.
    """
    directory = named_job(job_name)
    for aside in _deleted(directory.path.parent, job_name):
        if directory.path.exists():
            raise ConflictError(f"there is another job {job_name} by now", argument="job_name")
        with contextlib.suppress(FileNotFoundError):  # somebody else was faster
            (aside / job_name).rename(directory.path)
            aside.rmdir()
            return own_job(job_name)
    raise UnknownJobError(f"job {job_name!r} cannot be restored any more")


def sweep(root: Path | None = None) -> None:
    """Remove what was deleted and can no longer be restored, and see to the rest in time."""
    folder = root or jobs_root()
    now = time.time()
    for aside in _deleted(folder):
        if (left := _deadline(aside) - now) > 0:
            _sweep_later(left, folder)
        else:
            _remove(aside)
    # A server that died while it removed files has left the rest of them.
    for doomed in _own_folders(folder, _DOOMED):
        shutil.rmtree(doomed, ignore_errors=True)


def _remove(aside: Path) -> None:
    """Take the folder out of reach of :func:`restore_job` first: nobody gets half a job back."""
    doomed = aside.with_name(_DOOMED + aside.name.removeprefix(_DELETED))
    with contextlib.suppress(OSError):
        aside.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _sweep_later(seconds: float, root: Path | None = None) -> None:
    folder = root or jobs_root()
    if seconds <= 0:
        sweep(folder)
        return
    # Deadlines are whole seconds, so one more makes sure that this one has passed.
    timer = threading.Timer(seconds + 1, sweep, args=(folder,))
    timer.daemon = True
    timer.start()


def _deleted(folder: Path, job_name: str = "") -> list[Path]:
    """Folders of deleted jobs, those deleted last first."""
    prefix = f"{_DELETED}{job_name}." if job_name else _DELETED
    return sorted(_own_folders(folder, prefix), key=_deadline, reverse=True)


def _deadline(aside: Path) -> float:
    """Until when the job can be restored; a folder whose name does not say is long overdue."""
    parts = aside.name.split(".")
    return float(parts[2]) if len(parts) > 2 and parts[2].isdecimal() else 0.0


def _own_folders(folder: Path, prefix: str) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.name.startswith(prefix)]
        return [Path(entry.path) for entry in found if _is_own_folder(entry)]
    return []


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        status = entry.stat(follow_symlinks=False)
        return status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode)
    return False
