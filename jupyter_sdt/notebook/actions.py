"""What the magics do; imported behind ``%load_ext``, so that loading takes no time."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_sdt.cells.flags import help_text
from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.adoption import ADOPTED
from jupyter_sdt.notebook import words
from jupyter_sdt.notebook.following import follow
from jupyter_sdt.notebook.jobs_table import JobsTable, check_rank, named_job, newest_jobs
from jupyter_sdt.notebook.log_tail import log_tail
from jupyter_sdt.notebook.training_cell import read_cell


def train(shell: Any, line: str, body: str) -> None:
    """``%%sdt_train``: check the cell, start the job and show it."""
    training = read_cell(shell, line, body)
    if training.arguments.help:
        sys.stdout.write(help_text() + "\n")
    elif training.arguments.scale:
        from jupyter_sdt.notebook.study_output import run_study  # noqa: PLC0415  (ipywidgets)

        run_study(shell, training)
    elif training.arguments.plan:
        training.say()
        sys.stdout.write(training.plan() + "\n")
    else:
        job = training.start()
        training.say()
        follow(shell, job, wait=training.arguments.wait)


def jobs(line: str) -> JobsTable:
    """``%sdt_jobs``: the table of the newest jobs, or with ``--remote`` of the account's."""
    given = words.JOBS.read(line)
    if given.remote:
        from jupyter_sdt.notebook.remote_table import remote_jobs  # noqa: PLC0415  (seldom)

        return remote_jobs(given)
    if asked := [name for name in ("name", "status", "since", "region") if getattr(given, name)]:
        raise SpecError(f"--{asked[0]} needs --remote: it asks SageMaker", argument="--remote")
    return newest_jobs(given.last)


def logs(line: str) -> None:
    """``%sdt_logs``: the last lines of a job's logs, or all as they come."""
    given = words.LOGS.read(line)
    job = named_job(given.name)
    check_rank(job, given.rank)
    if not given.follow:
        sys.stdout.write(log_tail(job, lines=given.tail, rank=given.rank) + "\n")
        return
    try:
        for text in job.logs(rank=given.rank, follow=True):
            sys.stdout.write(text + "\n")
    except KeyboardInterrupt:
        sys.stdout.write(f"no longer following {job.name}; the job is not affected\n")


def stop(line: str) -> None:
    """``%sdt_stop``: ask a job to stop, and say what will happen."""
    name = words.STOP.read(line).name
    job = named_job(name)
    if name is None and job.spec.sagemaker.get(ADOPTED):
        raise SpecError(
            f"{job.name} was started elsewhere; say %sdt_stop {job.name} if it is to be stopped",
            argument="%sdt_stop",
        )
    state = job.state()
    job.stop()  # of a lost job it ends what may still run
    if state.terminal and state.secondary_status != "Lost":
        sys.stdout.write(f"{job.name} had ended already: {state.secondary_status}\n")
        return
    seconds = job.spec.stop_seconds
    sys.stdout.write(f"asked {job.name} to stop; it is killed after {seconds:g} s\n")


def attach(shell: Any, line: str) -> None:
    """``%sdt_attach``: show a job that was started before, and fetch its results."""
    given = words.ATTACH.read(line)
    follow(shell, named_job(given.name), wait=not given.no_wait)


def doctor(shell: Any, line: str) -> Any:
    """``%sdt_doctor``: what a job with these flags needs, and what is missing."""
    from jupyter_sdt.notebook.doctor import diagnose  # noqa: PLC0415  (seldom)

    return diagnose(shell, line)


def panel(shell: Any) -> Any:
    """``%sdt_panel``: the panel's widget."""
    from jupyter_sdt.notebook.panel import Panel  # noqa: PLC0415  (ipywidgets: 0.1 s)

    return Panel(shell).widget
