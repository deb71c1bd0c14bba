"""Which job directories the server shows: those of the user it runs as, and nobody else's."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from jupyter_sdt.errors import SdtError, SpecError, did_you_mean
from jupyter_sdt.store.job_directory import JobDirectory, job_directory
from jupyter_sdt.store.job_store import list_job_names

# (inode, time in ns) of job.json, which is written once: names one job for good.
Stamp = tuple[int, int]


class UnknownJobError(SdtError):
    """There is no job of this name that this user may see."""


class ConflictError(SdtError):
    """The request is right, but not in the state the job is in; ``argument`` may be at fault."""

    def __init__(self, message: str, *, argument: str = "") -> None:
        super().__init__(message)
        self.argument = argument


def own_job(job_name: str) -> JobDirectory:
    """Return the directory of a job of this user.

    Raises UnknownJobError for anything else: names that no job can have, links, and folders or
    specs that belong to other users.
    """
    directory = named_job(job_name)
    if not _is_own(directory.path, stat.S_IFDIR) or stamp(directory) is None:
        hint = did_you_mean(job_name, list_job_names())
        raise UnknownJobError(f"no job {job_name!r}{hint}")
    return directory


def named_job(job_name: str) -> JobDirectory:
    """Return where a job of this name lies or would lie.

    Raises UnknownJobError for a name that no job can have.
    """
    try:
        return job_directory(job_name)
    except SpecError:
        raise UnknownJobError(f"no job {job_name!r}") from None


def stamp(directory: JobDirectory) -> Stamp | None:
    """Return what tells this job from a later one of the same name; None when it is gone."""
    if not _is_own(directory.spec_file, stat.S_IFREG):
        return None
    with contextlib.suppress(OSError):
        status = os.lstat(directory.spec_file)
        return status.st_ino, status.st_mtime_ns
    return None


def _is_own(path: Path, kind: int) -> bool:
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return False
    return status.st_uid == os.getuid() and stat.S_IFMT(status.st_mode) == kind
