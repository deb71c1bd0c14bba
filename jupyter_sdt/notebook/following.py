"""Showing a started job below its cell, and bringing its results into the notebook."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_sdt.errors import JobLostError, SdtError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.log_echo import LogEcho
from jupyter_sdt.notebook.output import Output, make_output
from jupyter_sdt.notebook.snapshot import Snapshot, look
from jupyter_sdt.notebook.telling import DetachedError, describe
from jupyter_sdt.notebook.variables import describe_kind
from jupyter_sdt.notebook.watching import watch, watch_in_background
from jupyter_sdt.store.outputs import read_outputs


def follow(shell: Any, job: TrainingJob, *, wait: bool) -> None:
    """Show ``job`` live; with ``wait`` until its end, otherwise return at once.

    At the end the variables of ``--out`` are put into the notebook. Raises JobError or
    JobLostError when the job failed, and DetachedError when the cell is interrupted.
    """
    output: Output | None = None
    try:
        output = make_output(shell, job)
        output.open(look(job))
        snapshot = watch(job, output, LogEcho(job)) if wait else None
    except KeyboardInterrupt:
        # Only this cell is interrupted: the job's processes belong to its own supervisor.
        if output is not None:
            _go_on(shell, job, output)
        raise DetachedError(job.name) from None
    if snapshot is None:
        _go_on(shell, job, output)
        return
    sys.stdout.write(_last_line(shell, snapshot))
    raise_failure(job)
    sys.stdout.write(fetch_outputs(shell, job))


def raise_failure(job: TrainingJob) -> None:
    """Raise the error of a job that has ended badly; a stopped job is no error."""
    state = job.state()
    if state.secondary_status == "Lost":
        raise JobLostError(state.failure_reason)
    error = job.error()
    if error is not None:
        raise error


def fetch_outputs(shell: Any, job: TrainingJob) -> str:
    """Put rank 0's variables of ``--out`` into the notebook, and say what they are.

    Raises SdtError naming those that cannot be read here, after all the others were brought back.
    """
    if not job.spec.variables_out or job.status != "Completed":
        return ""
    values, messages = read_outputs(job.directory)
    shell.user_ns.update(values)
    named = ", ".join(f"{name} ({describe_kind(value)})" for name, value in values.items())
    if messages:
        messages += [f"brought back {named}"] if named else []
        raise SdtError("\n".join(messages))
    return f"brought back {named}\n"


def _last_line(shell: Any, snapshot: Snapshot) -> str:
    """What neither the display (text, unless it is a picture) nor the coming error tells."""
    if hasattr(shell, "kernel") and not snapshot.has_curves:
        return ""
    return (snapshot.line() if snapshot.state.status == "Failed" else snapshot.text()) + "\n"


def _go_on(shell: Any, job: TrainingJob, output: Output) -> None:
    """Keep the output live and fetch the results without the cell."""
    output.leave()
    # A handle of its own: an interrupt may have come in the middle of reading.
    fresh = TrainingJob(job.directory)
    watch_in_background(fresh, output, lambda: _result(shell, fresh))


def _result(shell: Any, job: TrainingJob) -> str:
    """What is left to say when nobody waits any more."""
    try:
        raise_failure(job)
        return fetch_outputs(shell, job).strip()
    except SdtError as error:
        return describe(error)
