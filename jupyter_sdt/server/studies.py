"""A scaling study as the browser sees it: its jobs, and its table so far."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from jupyter_sdt.errors import SdtError, SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.scaling.points import StudySettings, jobs_of_study
from jupyter_sdt.scaling.rows import MeasuredJob, measure_job, tabulate
from jupyter_sdt.scaling.table_json import StudyTable, study_table
from jupyter_sdt.server.job_list import summarize
from jupyter_sdt.server.own_jobs import Stamp, UnknownJobError, stamp
from jupyter_sdt.server.payloads import JobSummary
from jupyter_sdt.store.job_directory import JobDirectory


class Study(TypedDict):
    """A study: the sizes that were started so far, the jobs in their order, the table."""

    study_name: str
    scaling: str
    world_sizes: list[int]
    repeats: int
    jobs: list[JobSummary]
    table: StudyTable


def read_study(name: str) -> Study:
    """Return a study; each of its ended jobs is measured once. Raises UnknownJobError."""
    try:
        jobs = jobs_of_study(name)
    except SdtError as error:
        raise UnknownJobError(str(error)) from None
    settings = StudySettings.of_jobs(name, jobs, None)
    rows = tabulate(done for job in jobs if (done := _measured(job)))
    return Study(
        study_name=name,
        scaling=settings.scaling,
        world_sizes=list(settings.world_sizes),
        repeats=settings.repeats,
        jobs=[row for job in jobs if (row := summarize(job.directory))],
        table=study_table(rows, settings.scaling),
    )


def _measured(job: TrainingJob) -> MeasuredJob | None:
    known = stamp(job.directory)
    if known is None or job.state().status != "Completed":
        return None
    return _measure(str(job.directory.path), known)


@lru_cache(maxsize=1000)
def _measure(path: str, job: Stamp) -> MeasuredJob | None:  # noqa: ARG001 - part of the key
    try:
        return measure_job(TrainingJob(JobDirectory(Path(path))), None)
    except SpecError:
        return None  # it recorded nothing to measure
