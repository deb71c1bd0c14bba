"""Fifty jobs watched at once: memory, processor and calls that it takes, how soon all end."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from jupyter_sdt import PyTorch, TrainingJob
from jupyter_sdt.store.job_directory import JobDirectory

JOBS = 50
_SETTLE_SECONDS = 60.0
_WATCH_SECONDS = 60.0
_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen; memory in MB, of all supervisors together or of the largest one.

    ``shared`` counts each page once (proportional set size), ``resident`` is what top shows.
    """

    jobs: int
    all_ended_s: float
    describes_per_10_s: float
    shared_mb: float
    largest_resident_mb: float
    cores: float


def watch_many(estimator: PyTorch, client: Any, calls: Counter[str]) -> Watched:
    """Start the jobs, watch them at rest, have the service stop them, and see all end."""
    jobs = [estimator.start(job_name=f"watched-{number}") for number in range(JOBS)]
    for job in jobs:
        _until_accepted(job)
    time.sleep(_SETTLE_SECONDS)  # young jobs are asked about more often
    supervisors = [process for job in jobs for process in _supervisors(job.directory)]
    before, spent = calls.copy(), _cpu(supervisors)
    began = time.monotonic()
    time.sleep(_WATCH_SECONDS)
    seconds = time.monotonic() - began
    asked, used = calls - before, _cpu(supervisors) - spent
    shared = sum(process.memory_full_info().pss for process in supervisors)
    largest = max(process.memory_info().rss for process in supervisors)
    return Watched(
        jobs=len(jobs),
        all_ended_s=_end(jobs, client),
        describes_per_10_s=max(asked.values(), default=0) * 10 / seconds,
        shared_mb=shared / _MEGABYTE,
        largest_resident_mb=largest / _MEGABYTE,
        cores=used / seconds,
    )


def _end(jobs: list[TrainingJob], client: Any) -> float:
    """Seconds from the last job's end on the service to the last one seen here."""
    for job in jobs:
        client.stop_training_job(TrainingJobName=job.name)
    stopped = time.monotonic()
    while not all(job.state().terminal for job in jobs):
        time.sleep(0.05)
    return time.monotonic() - stopped


def _until_accepted(job: TrainingJob) -> None:
    deadline = time.monotonic() + 300
    while not any(note.startswith("region") for note in job.state().notes):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{job.name} was not submitted: {job.state()}")
        time.sleep(0.05)


def _supervisors(directory: JobDirectory) -> list[psutil.Process]:
    """Who holds the job's lock open: its supervisor, and nobody else."""
    wanted = directory.lock_file.stat()
    return [p for p in psutil.process_iter() if _holds(p.pid, (wanted.st_dev, wanted.st_ino))]


def _holds(pid: int, wanted: tuple[int, int]) -> bool:
    if pid == os.getpid():
        return False
    try:
        found = [path.stat() for path in Path(f"/proc/{pid}/fd").iterdir() if path.exists()]
    except OSError:
        return False
    return wanted in [(status.st_dev, status.st_ino) for status in found]


def _cpu(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(spent.user + spent.system for spent in times)
