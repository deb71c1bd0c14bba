"""The folder of all jobs of this user."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from jupyter_sdt.errors import SdtError, did_you_mean
from jupyter_sdt.store.job_directory import JOB_NAME, JobDirectory, job_directory, jobs_root


def list_directories(root: Path | None = None) -> list[JobDirectory]:
    """Return this user's jobs, newest first; ``root`` defaults to the folder of all jobs.

    The time of creation is that of ``job.json``, which is written once and without which a folder
    is not a job yet. Folders of other users and links are passed over: whoever can write into the
    root must not be able to have his pickles opened.
    """
    folder = root or jobs_root()
    found = sorted(_jobs(folder), reverse=True)
    return [JobDirectory(folder / name) for _, name in found]


def list_job_names(root: Path | None = None) -> list[str]:
    """Return the names of this user's jobs, newest first."""
    return [directory.job_name for directory in list_directories(root)]


def find_job(job_name: str, root: Path | None = None) -> JobDirectory:
    """Return the directory of a job that exists.

    Raises SpecError for a name that no job can have, SdtError when there is no such job.
    """
    directory = job_directory(job_name, root)
    if not directory.spec_file.is_file():
        hint = did_you_mean(job_name, list_job_names(root))
        raise SdtError(f"no job {job_name!r} in {directory.path.parent}{hint}")
    return directory


def _jobs(folder: Path) -> Iterator[tuple[int, str]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if JOB_NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    status = os.lstat(f"{entry.path}/job.json")
                    if status.st_uid == os.getuid():
                        yield status.st_mtime_ns, entry.name
