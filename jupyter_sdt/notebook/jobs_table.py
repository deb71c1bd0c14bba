"""The table behind ``%sdt_jobs``: the newest jobs with status, time, ranks and last loss."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from jupyter_sdt.errors import SdtError, SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.svg_chart import short
from jupyter_sdt.spec.cost import cost_of
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.job_store import list_directories
from jupyter_sdt.store.log_reader import last_lines
from jupyter_sdt.store.metric_reader import parse_lines
from jupyter_sdt.store.series import SeriesTable, loss_name

_HEAD = ("name", "status", "elapsed", "ranks", "last loss")
_COST = "cost"


@dataclass(frozen=True, slots=True)
class JobsTable:
    """Rows of text; a notebook shows it as HTML, a terminal as columns."""

    rows: tuple[tuple[str, ...], ...]
    head: tuple[str, ...] = _HEAD
    nothing: str = "no jobs yet"

    def __repr__(self) -> str:
        if not self.rows:
            return self.nothing
        rows = (self.head, *self.rows)
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(_padded(row, widths) for row in rows)

    def _repr_html_(self) -> str:
        if not self.rows:
            return self.nothing
        head = "".join(f'<th scope="col">{name}</th>' for name in self.head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def newest_jobs(most: int) -> JobsTable:
    """The table of the ``most`` newest jobs; what they cost has a column where any costs."""
    directories = list_directories()[:most]
    rows = [row for directory in directories for row in _rows(directory)]
    if any(row[-1] for row in rows):
        return JobsTable(tuple(rows), (*_HEAD, _COST))
    return JobsTable(tuple(row[:-1] for row in rows))


def latest_job() -> TrainingJob:
    """The newest job. Raises SdtError when there is none."""
    directories = list_directories()
    if not directories:
        raise SdtError("no jobs yet: start one with %%sdt_train")
    return TrainingJob(directories[0])


def named_job(name: str | None) -> TrainingJob:
    """The job called ``name``, or the newest one."""
    return TrainingJob.attach(name) if name else latest_job()


def check_rank(job: TrainingJob, rank: int | None) -> None:
    """Raise SpecError when the job has no such rank."""
    size = job.spec.world_size
    if rank is not None and not 0 <= rank < size:
        known = f"ranks 0 to {size - 1}" if size > 1 else "rank 0 only"
        raise SpecError(f"--rank {rank}: {job.name} has {known}", argument="--rank")


def _rows(directory: JobDirectory) -> Iterator[tuple[str, ...]]:
    """The job's row; none for a folder that vanished or is not yet a job."""
    job = TrainingJob(directory)
    try:
        spec, state = job.spec, job.state()
    except (SdtError, OSError):
        return
    now = time.time()
    elapsed = (state.ended_seconds or now) - spec.created_seconds
    lost = state.secondary_status == "Lost"
    status = state.status if state.terminal and not lost else state.secondary_status
    ranks, cost = str(spec.world_size), cost_of(state, now)
    spent = "" if cost is None else cost.brief()
    yield job.name, status, f"{elapsed:.1f} s", ranks, _last_loss(directory), spent


def _last_loss(directory: JobDirectory) -> str:
    """Rank 0's last loss, from the end of its file: the table is for many jobs at a time."""
    table = SeriesTable()
    table.add(parse_lines([line.encode() for line in last_lines(directory.metric(0), 20)]))
    name = loss_name(table.names())
    loss = table.over_ranks(name).last() if name else None
    return "" if loss is None else short(loss)


def _padded(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
