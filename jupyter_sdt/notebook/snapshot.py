"""What can be said about a job right now: the data behind every way of showing it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.curves import Points, loss_curve, throughput_curve
from jupyter_sdt.notebook.svg_chart import short, summary
from jupyter_sdt.spec.cost import Cost, cost_of
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.files import read_json
from jupyter_sdt.store.progress import Progress, RankProgress, progress
from jupyter_sdt.store.restarts import restart_steps


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
    """A job at one moment; ``loss`` and ``throughput`` are named curves.

    ``restarts`` are the steps with which training went on after ranks were started anew.
    """

    spec: JobSpec
    state: JobState
    progress: Progress
    loss: tuple[str, Points] = ("loss", [])
    throughput: tuple[str, Points] = ("samples/s", [])
    restarts: tuple[float, ...] = ()
    ranks: tuple[RankHealth, ...] = ()
    cost: Cost | None = None

    @property
    def has_curves(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.loss[1] or self.throughput[1])

    def status_line(self) -> str:
        """``digits-1: Training, 2 ranks by nursery, 12.3 s``."""
        ranks = "1 rank" if self.spec.world_size == 1 else f"{self.spec.world_size} ranks"
        by = f" by {self.state.launcher}" if self.state.launcher else ""
        return (
            f"{self.spec.job_name}: {self.state.secondary_status}, {ranks}{by}, "
            f"{self.progress.elapsed_seconds:.1f} s"
        )

    def progress_line(self) -> str:
        """``step 120 of 400, epoch 2 of 5``; empty before the first step."""
        done = self.progress
        if done.step is None:
            return ""
        steps = f"step {done.step}" + (f" of {done.total_steps}" if done.total_steps else "")
        if done.epoch is None:
            return steps
        epochs = f" of {done.total_epochs}" if done.total_epochs else ""
        return f"{steps}, epoch {done.epoch:g}{epochs}"

    def phases_line(self) -> str:
        """``Starting 2 s, Training 31 s``: what a service told; empty where it told nothing."""
        steps = self.state.transitions if self.state.launcher == "sagemaker" else ()
        ends = [step.start_seconds for step in steps[1:]]
        pairs = zip(steps, ends, strict=False)
        done = [f"{s.secondary_status} {end - s.start_seconds:.0f} s" for s, end in pairs]
        return ", ".join(done)

    def text(self) -> str:
        """Everything in one line, for terminals and readers of plain text; then the reason."""
        reason = self.state.failure_reason
        return self.line() + (f"\n{reason}" if reason else "")

    def line(self) -> str:
        """The same without the reason, where an error follows that tells it."""
        (name, loss), (unit, rate) = self.loss, self.throughput
        parts = [self.status_line(), self.progress_line()]
        parts += [f"{name} {short(loss[-1][1])}"] if loss else []
        parts += [f"{short(rate[-1][1])} {unit}"] if rate else []
        parts += [str(self.cost)] if self.cost else []
        return ", ".join(filter(None, parts))

    def spoken(self) -> str:
        """The final picture in words: status line and both curves with their trend."""
        return "; ".join([self.status_line(), summary(*self.loss), summary(*self.throughput)])

    def to_json(self) -> dict[str, Any]:
        """The payload of our own mimetype: what a renderer needs to draw the job offline."""
        return {
            "version": 1,
            "job_name": self.spec.job_name,
            "live": not self.state.terminal,
            "status": self.state.status,
            "secondary_status": self.state.secondary_status,
            "failure_reason": self.state.failure_reason,
            "world_size": self.spec.world_size,
            "elapsed_seconds": round(self.progress.elapsed_seconds, 3),
            "step": self.progress.step,
            "total_steps": self.progress.total_steps,
            "series": dict((self.loss, self.throughput)),
            "restarts": list(self.restarts),
        }


def look(job: TrainingJob) -> Snapshot:
    """Return the job as it is now; of its files only what is new is read."""
    state = job.state()  # before the metrics: a terminal state means that they are complete
    table, now = job.series(), time.time()
    done = progress(table, job.spec, state, now)
    return Snapshot(
        spec=job.spec,
        state=state,
        progress=done,
        loss=loss_curve(table),
        throughput=throughput_curve(table),
        restarts=tuple(restart_steps(table)),
        ranks=tuple(_health(job, rank, now) for rank in done.ranks),
        cost=cost_of(state, now),
    )


def _health(job: TrainingJob, rank: RankProgress, now: float) -> RankHealth:
    try:
        process = read_json(job.directory.process(rank.rank))
    except (OSError, ValueError):
        process = {}
    return RankHealth(
        rank=rank.rank,
        step=rank.step,
        quiet_seconds=None if rank.time is None else max(0.0, now - rank.time),
        exit_code=process.get("exit_code"),
        running=bool(process),
    )
