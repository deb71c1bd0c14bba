"""The magics: thin parsers over the estimator and the job."""

# IPython's decorators carry no annotations.
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

import sys
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

from jupyter_sdt.launch import nursery_client
from jupyter_sdt.notebook import words
from jupyter_sdt.notebook.flags import help_text
from jupyter_sdt.notebook.following import follow
from jupyter_sdt.notebook.jobs_table import JobsTable, check_rank, named_job, newest_jobs
from jupyter_sdt.notebook.log_tail import log_tail
from jupyter_sdt.notebook.telling import plainly
from jupyter_sdt.notebook.training_cell import read_cell


@magics_class
class SdtMagics(Magics):
    """Distributed training from a cell, and the jobs it started."""

    @no_var_expand  # braces and dollars belong to JSON and to --hp lr=$lr
    @line_cell_magic
    @plainly
    def sdt_train(self, line: str, cell: str = "") -> None:
        """Train this cell on several ranks; ``%%sdt_train --help`` lists the flags."""
        training = read_cell(self.shell, line, cell)
        if training.arguments.help:
            sys.stdout.write(help_text() + "\n")
        elif training.arguments.plan:
            training.say()
            sys.stdout.write(training.plan() + "\n")
        else:
            job = training.start()
            training.say()
            follow(self.shell, job, wait=training.arguments.wait)

    @line_magic
    @plainly
    def sdt_jobs(self, line: str) -> JobsTable:
        """``%sdt_jobs [--last N]``: the newest jobs, their status, time, ranks and last loss."""
        return newest_jobs(words.JOBS.read(line).last)

    @line_magic
    @plainly
    def sdt_logs(self, line: str) -> None:
        """``%sdt_logs [NAME] [--rank N] [--tail K] [--follow]``: print the logs of a job.

        Without a name, of the newest one; ``--follow`` goes on until the job ends or you interrupt.
        """
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

    @line_magic
    @plainly
    def sdt_stop(self, line: str) -> None:
        """``%sdt_stop [NAME]``: stop a job by SIGTERM, then by SIGKILL after its time."""
        job = named_job(words.STOP.read(line).name)
        state = job.state()
        job.stop()  # of a lost job it ends what may still run
        if state.terminal and state.secondary_status != "Lost":
            sys.stdout.write(f"{job.name} had ended already: {state.secondary_status}\n")
            return
        seconds = job.spec.stop_seconds
        sys.stdout.write(f"asked {job.name} to stop; it is killed after {seconds:g} s\n")

    @line_magic
    @plainly
    def sdt_attach(self, line: str) -> None:
        """``%sdt_attach [NAME] [--no-wait]``: watch a job that any kernel has started.

        At its end the variables of ``--out`` are brought into this notebook.
        """
        given = words.ATTACH.read(line)
        follow(self.shell, named_job(given.name), wait=not given.no_wait)

    @line_magic
    @plainly
    def sdt_panel(self, line: str) -> None:  # noqa: ARG002  (every magic gets its line)
        """``%sdt_panel``: jobs, the curves of one, and a form that writes a cell."""
        from jupyter_sdt.notebook.panel import Panel  # noqa: PLC0415  (ipywidgets: 0.1 s)

        display(Panel(self.shell).widget)


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics and have the nursery started in the background."""
    ipython.register_magics(SdtMagics)
    if keep_lone_line not in ipython.input_transformers_cleanup:
        ipython.input_transformers_cleanup.append(keep_lone_line)
    nursery_client.warm()


def keep_lone_line(lines: list[str]) -> list[str]:
    """Give a cell of nothing but the magic's line an empty body.

    IPython refuses a cell magic without a body, but ``%%sdt_train --entry-point train.py`` and
    ``%%sdt_train --help`` are complete.
    """
    if len(lines) == 1 and lines[0].startswith("%%sdt_train"):
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines
