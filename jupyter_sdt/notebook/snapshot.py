"""What can be said about a job right now: the data behind every way of showing it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.curves import Curves, thin
from jupyter_sdt.notebook.svg_chart import short
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.files import read_json
from jupyter_sdt.store.metric_reader import MetricReader


@dataclass(frozen=True, slots=True, kw_only=True)
class RankHealth:
    """One rank: its last step, how long ago that was, and its exit code once it has ended."""

    rank: int
    step: int | None = None
    quiet_seconds: float | None = None
    exit_code: int | None = None
    running: bool = False

    def __str__(self) -> str:
        if self.exit_code is not None:
            return "ended well" if self.exit_code == 0 else f"ended with {self.exit_code}"
        if self.step is None or self.quiet_seconds is None:
            return "running" if self.running else "not started"
        return f"step {self.step}, {self.quiet_seconds:.0f} s ago"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A job at one moment. ``now`` is in seconds since the epoch."""

    spec: JobSpec
    state: JobState
    curves: Curves
    ranks: tuple[RankHealth, ...]
    now: float

    @property
    def elapsed_seconds(self) -> float:
        """From the request to the end, or to now."""
        return max(0.0, (self.state.ended_seconds or self.now) - self.spec.created_seconds)

    @property
    def progress(self) -> float | None:
        """The share of steps done, from 0 to 1; None when the total is unknown."""
        total, step = self.curves.total_steps, self.curves.step
        return min(1.0, step / total) if total and step is not None else None

    def status_line(self) -> str:
        """``digits-1: Training, 2 ranks by nursery, 12.3 s``."""
        ranks = "1 rank" if self.spec.world_size == 1 else f"{self.spec.world_size} ranks"
        by = f" by {self.state.launcher}" if self.state.launcher else ""
        return (
            f"{self.spec.job_name}: {self.state.secondary_status}, {ranks}{by}, "
            f"{self.elapsed_seconds:.1f} s"
        )

    def progress_line(self) -> str:
        """``step 120 of 400, epoch 2``; empty before the first step."""
        if self.curves.step is None:
            return ""
        total = f" of {self.curves.total_steps}" if self.curves.total_steps else ""
        epoch = f", epoch {self.curves.epoch:g}" if self.curves.epoch is not None else ""
        return f"step {self.curves.step}{total}{epoch}"

    def text(self) -> str:
        """Everything in one line, for terminals and readers of plain text."""
        parts = [self.status_line(), self.progress_line()]
        name, loss = self.curves.loss()
        unit, rate = self.curves.throughput()
        parts += [f"{name} {short(loss[-1][1])}"] if loss else []
        parts += [f"{short(rate[-1][1])} {unit}"] if rate else []
        reason = self.state.failure_reason
        return ", ".join(filter(None, parts)) + (f"\n{reason}" if reason else "")

    def to_json(self) -> dict[str, Any]:
        """The payload of our own mimetype: what a renderer needs to draw the job offline."""
        loss_name, loss = self.curves.loss()
        unit, rate = self.curves.throughput()
        return {
            "version": 1,
            "job_name": self.spec.job_name,
            "live": not self.state.terminal,
            "status": self.state.status,
            "secondary_status": self.state.secondary_status,
            "failure_reason": self.state.failure_reason,
            "world_size": self.spec.world_size,
            "elapsed_seconds": round(self.elapsed_seconds, 3),
            "step": self.curves.step,
            "total_steps": self.curves.total_steps,
            "series": {loss_name: thin(loss), unit: thin(rate)},
        }


class Watcher:
    """Reads a job's files again and again; each look costs what is new since the last."""

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        self._spec = job.spec
        self._reader = MetricReader(job.directory)
        self._curves = Curves()

    def look(self) -> Snapshot:
        """Return the job as it is now."""
        state = self.job.state()  # before the metrics: a terminal state means they are complete
        self._curves.add(self._reader.read())
        now = time.time()
        ranks = tuple(self._health(rank, now) for rank in range(self._spec.world_size))
        return Snapshot(spec=self._spec, state=state, curves=self._curves, ranks=ranks, now=now)

    def _health(self, rank: int, now: float) -> RankHealth:
        try:
            process = read_json(self.job.directory.process(rank))
        except (OSError, ValueError):
            process = {}
        progress = self._curves.ranks.get(rank)
        return RankHealth(
            rank=rank,
            step=progress.step if progress else None,
            quiet_seconds=max(0.0, now - progress.time) if progress else None,
            exit_code=process.get("exit_code"),
            running=bool(process),
        )
