"""The list of jobs. Those that have ended are read once, so that a thousand of them cost little."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from jupyter_sdt.server.costs import spent
from jupyter_sdt.server.list_query import MOST_JOBS, NEWEST, ListQuery
from jupyter_sdt.server.own_jobs import Stamp, stamp
from jupyter_sdt.server.payloads import JobSummary, brief_summary
from jupyter_sdt.spec.job_status import TERMINAL
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.job_store import list_directories


class JobList(TypedDict):
    """A part of the list: ``total`` is how many fit, ``running`` are all that run, newest first."""

    jobs: list[JobSummary]
    total: int
    running: list[JobSummary]


def list_jobs(query: ListQuery = NEWEST) -> JobList:
    """Return those of this user's jobs that are asked for."""
    directories = list_directories()
    # Looking at the lock alone is cheaper; a supervisor holds it for a moment after the end.
    held = [job for d in directories if d.supervised() and (job := summarize(d))]
    running = [job for job in held if job["status"] not in TERMINAL]
    if query.takes_all:
        # The others need not even be opened.
        newest = directories[: query.limit]
        jobs = [job for directory in newest if (job := summarize(directory))]
        return JobList(jobs=jobs, total=len(directories), running=running)
    found = [job for d in directories if (job := summarize(d))]
    fitting = [job for job in found if _fits(job, query.status, query.search.casefold())]
    if query.sort == "cost":
        fitting.sort(key=_spent, reverse=True)
    return JobList(jobs=fitting[: query.limit], total=len(fitting), running=running)


def summarize(directory: JobDirectory) -> JobSummary | None:
    """Return a job's row, from memory when the job had ended before; None when it is gone."""
    job, state = stamp(directory), _state_stamp(directory)
    if job is None:
        return None
    if state is not None and (ended := _ended(str(directory.path), job, state)):
        return ended
    return brief_summary(directory)


@lru_cache(maxsize=MOST_JOBS)
def _ended(path: str, job: Stamp, state: Stamp) -> JobSummary | None:  # noqa: ARG001
    """The row of a job whose state.json is final: with these stamps it never changes again."""
    directory = JobDirectory(Path(path))
    with contextlib.suppress(Exception):
        if directory.read_state().terminal:
            return brief_summary(directory)
    return None


def _state_stamp(directory: JobDirectory) -> Stamp | None:
    try:
        status = directory.state_file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _spent(summary: JobSummary) -> float:
    """What jobs are sorted by: those without a price stay among each other as they were."""
    cost = summary["cost"]
    return -1.0 if cost is None else spent(cost)


def _fits(summary: JobSummary, status: str, search: str) -> bool:
    if status and summary["status"] != status:
        return False
    names = (summary["job_name"], summary["study_name"] or "")
    return any(search in name.casefold() for name in names)
