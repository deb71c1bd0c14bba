"""One browser's look at the list of jobs: what is new since it was told last."""

from __future__ import annotations

import time
from typing import Any, Literal, TypedDict

from jupyter_sdt.server.job_list import list_jobs
from jupyter_sdt.server.list_query import Question
from jupyter_sdt.server.payloads import JobSummary, lasting
from jupyter_sdt.store.job_directory import jobs_root

# A job's folder is there for a moment before its job.json makes it a job.
_SETTLE_SECONDS = 5.0
# How long a folder in which nothing runs, comes or goes is left alone.
_STILL_SECONDS = 10.0


class ListMessage(TypedDict):
    """What has changed in the list.

    ``names`` are the jobs to show, in their order, ``running`` all that run, ``total`` how many
    fit. ``rows`` are those of them that are new or have changed. ``number`` is that of the last
    question that was heard.
    """

    kind: Literal["list"]
    number: int
    names: list[str]
    running: list[str]
    total: int
    rows: list[JobSummary]


class ListWatch:
    """Remembers what one browser knows. :meth:`look` reads files and may block for a moment."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._shape: tuple[object, ...] = ()
        self._folder: object = None
        self._moving_until = self._due = 0.0
        self._runs = False

    def look(self, question: Question, *, asked: bool) -> ListMessage | None:
        """Return what has changed, None when nothing has; a question is always answered."""
        now = time.monotonic()
        if not asked and self._still(now):
            return None
        self._due = now + _STILL_SECONDS
        found = list_jobs(question.query)
        self._runs = bool(found["running"])
        jobs = {job["job_name"]: job for job in (*found["running"], *found["jobs"])}
        rows = self._news(jobs)
        names = [job["job_name"] for job in found["jobs"]]
        running = [job["job_name"] for job in found["running"]]
        before, self._shape = self._shape, (names, running, found["total"])
        if not asked and not rows and before == self._shape:
            return None
        return ListMessage(
            kind="list",
            number=question.number,
            names=names,
            running=running,
            total=found["total"],
            rows=rows,
        )

    def _still(self, now: float) -> bool:
        """Whether nothing can have changed: nothing ran, and no folder has come or gone."""
        folder = _folder_stamp()
        if folder != self._folder:
            self._folder, self._moving_until = folder, now + _SETTLE_SECONDS
        return not self._runs and self._moving_until < now < self._due

    def _news(self, jobs: dict[str, JobSummary]) -> list[JobSummary]:
        known, self._known = self._known, {name: lasting(job) for name, job in jobs.items()}
        return [job for name, job in jobs.items() if self._known[name] != known.get(name)]


def _folder_stamp() -> object:
    root = jobs_root()
    try:
        return root, root.stat().st_mtime_ns
    except OSError:
        return root, None
