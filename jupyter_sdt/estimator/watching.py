"""Watching a job from where ``fit()`` was called."""

from __future__ import annotations

import sys
from collections.abc import Callable

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.cost import cost_of
from jupyter_sdt.spec.job_status import JobState

Watcher = Callable[[TrainingJob], None]
_watcher: Watcher | None = None


def use_watcher(watcher: Watcher | None) -> None:
    """Have ``fit(wait=True)`` show jobs with ``watcher`` instead of printing their logs.

    The notebook extension sets its live output here. None goes back to printing.
    """
    global _watcher
    _watcher = watcher


def watch(job: TrainingJob, *, logs: bool) -> None:
    """Wait for the job's end. Raises JobError, JobLostError, or KeyboardInterrupt on Ctrl-C."""
    try:
        if logs and _watcher is not None:
            _watcher(job)
            return
        if logs:
            print_logs(job)
        state = job.wait()
    except KeyboardInterrupt:
        sys.stdout.write(
            f"\nStopped watching; the job {job.name} goes on. Watch it again with "
            f"Estimator.attach({job.name!r}).logs(), stop it with .stop().\n"
        )
        raise
    if logs:
        _say_duration(state)


def print_logs(job: TrainingJob) -> None:
    """Print log lines of all ranks as they come, until the job has ended."""
    for line in job.logs(follow=True):
        sys.stdout.write(line.rstrip("\n") + "\n")
        sys.stdout.flush()


def _say_duration(state: JobState) -> None:
    if state.started_seconds is not None and state.ended_seconds is not None:
        seconds = state.ended_seconds - state.started_seconds
        sys.stdout.write(f"Training seconds: {seconds:.1f}\n")
    cost = cost_of(state, state.ended_seconds or 0.0)
    if cost is not None:
        sys.stdout.write(f"Cost: {cost}\n")
