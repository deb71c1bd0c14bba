"""Real job directories, written the way fit() and the ranks write them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory, job_directory

MakeJob = Callable[..., JobDirectory]


@pytest.fixture
def make_job(jobs_folder: Path) -> MakeJob:
    """Writes a job that nobody has started: ``make_job("name", distribution=...)``."""

    def make(job_name: str = "job-1", **fields: Any) -> JobDirectory:
        directory = job_directory(job_name)
        directory.create()
        required = {"entry_point": "train.py", "python": "python", "created_seconds": time.time()}
        directory.write_spec(JobSpec(job_name=job_name, **{**required, **fields}))
        return directory

    return make


@pytest.fixture
def directory(make_job: MakeJob) -> JobDirectory:
    return make_job()
