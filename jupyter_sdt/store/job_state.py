"""What is known about a job from its folder alone, also when its supervisor has died."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace

from jupyter_sdt.errors import JobLostError
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_directory import JobDirectory

# fit() copies sources between writing job.json and handing the job to a supervisor.
_HAND_OVER_SECONDS = 60.0


def observe(directory: JobDirectory) -> JobState:
    """Return the job's state; ``secondary_status`` is "Lost" when nobody supervises it any more.

    Raises JobLostError when the folder has been deleted, SdtError when ``state.json`` is damaged.
    """
    state = directory.read_state()
    if state.terminal or directory.supervised():
        return state
    # The supervisor may have ended, properly, between our look at the state and at the lock.
    state = directory.read_state()
    if state.terminal:
        return state
    if not directory.path.is_dir():
        raise JobLostError(f"job {directory.job_name!r} is gone: {directory.path} was deleted")
    if directory.lock_file.exists():
        return _lost(directory, state)
    return state if _is_being_made(directory) else _never_started(directory, state)


def _lost(directory: JobDirectory, state: JobState) -> JobState:
    name = directory.job_name
    reason = (
        f"the supervisor of job {name!r} died in phase {state.secondary_status}, so nobody knows "
        f"how training ended; TrainingJob.attach({name!r}).stop() ends what may still run"
    )
    told = f"{state.failure_reason}; {reason}" if state.failure_reason else reason
    return state.enter("Lost", _last_sign(directory), failure_reason=told)


def _never_started(directory: JobDirectory, state: JobState) -> JobState:
    reason = f"job {directory.job_name!r} was written but never handed to a supervisor"
    return replace(state, failure_reason=reason).enter("Lost", _last_sign(directory))


def _is_being_made(directory: JobDirectory) -> bool:
    try:
        written = directory.spec_file.stat().st_mtime
    except OSError:
        written = directory.path.stat().st_mtime
    return time.time() - written < _HAND_OVER_SECONDS


def _last_sign(directory: JobDirectory) -> float:
    """When anything of the job was last written, in seconds since the epoch."""
    return max(_times(directory), default=0.0)


def _times(directory: JobDirectory) -> Iterator[float]:
    for folder in (directory.path, directory.logs, directory.metrics):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                # Asking to stop is no sign of life.
                if entry.name != directory.stop_file.name and entry.is_file():
                    yield entry.stat().st_mtime
