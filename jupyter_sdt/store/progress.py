"""How far a job has come, rank by rank, as plain numbers."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.series import SeriesTable, loss_name

# Under which name scripts usually take their number of epochs.
_EPOCH_NAMES = ("epochs", "num_epochs", "num_train_epochs", "max_epochs", "n_epochs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankProgress:
    """One rank's last sign: ``step``, and ``time`` in seconds since the epoch; None before it."""

    rank: int
    step: int | None = None
    time: float | None = None
    step_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a status line needs. ``step`` is the furthest rank's.

    ``samples_per_second`` is the sum over ranks, ``step_seconds`` the slowest rank's, ``loss`` the
    mean over ranks of their last. ``elapsed_seconds`` counts from the start of training, of the job
    before that. Everything that nobody recorded is None.
    """

    step: int | None = None
    total_steps: int | None = None
    epoch: float | None = None
    total_epochs: int | None = None
    loss: float | None = None
    samples_per_second: float | None = None
    step_seconds: float | None = None
    elapsed_seconds: float = 0.0
    ranks: tuple[RankProgress, ...] = ()

    @property
    def fraction(self) -> float | None:
        """The share that is done, from 0 to 1: steps if their total is known, else epochs."""
        for done, total in ((self.step, self.total_steps), (self.epoch, self.total_epochs)):
            if done is not None and total:
                return min(1.0, max(0.0, done / total))
        return None

    @property
    def behind(self) -> RankProgress | None:
        """The rank furthest behind the others, None while all are at the same step."""
        steps = {rank.step for rank in self.ranks}
        if len(steps) < 2:
            return None
        return min(self.ranks, key=lambda rank: (_step(rank), rank.time or 0.0))


def progress(
    table: SeriesTable, spec: JobSpec, state: JobState, now: float | None = None
) -> Progress:
    """Return where the job is; ``now`` (seconds since the epoch) matters while it runs."""
    steps = [sign.step for sign in table.signs.values() if sign.step is not None]
    total, loss = _lasts(table, "total_steps"), _lasts(table, loss_name(table.names()))
    speeds = _lasts(table, "samples_per_second")
    return Progress(
        step=max(steps, default=None),
        total_steps=int(max(total)) if total else None,
        epoch=max(_lasts(table, "epoch"), default=None),
        total_epochs=total_epochs(spec),
        loss=sum(loss) / len(loss) if loss else None,
        samples_per_second=sum(speeds) if speeds else None,
        step_seconds=max(_lasts(table, "step_seconds"), default=None),
        elapsed_seconds=elapsed_seconds(spec, state, now),
        ranks=tuple(_rank(table, rank) for rank in range(state.world_size or spec.world_size)),
    )


def _rank(table: SeriesTable, rank: int) -> RankProgress:
    sign, series = table.signs.get(rank), table.by_rank("step_seconds").get(rank)
    return RankProgress(
        rank=rank,
        step=sign.step if sign else None,
        time=sign.time if sign else None,
        step_seconds=series.last() if series else None,
    )


def _lasts(table: SeriesTable, name: str) -> list[float]:
    lasts = (series.last() for series in table.by_rank(name).values())
    return [value for value in lasts if value is not None]


def total_epochs(spec: JobSpec) -> int | None:
    """Return the number of epochs the hyperparameters ask for, None when they do not say."""
    given = {name.replace("-", "_"): value for name, value in spec.hyperparameters.items()}
    for name in _EPOCH_NAMES:
        with contextlib.suppress(TypeError, ValueError):
            if name in given:
                return int(given[name])
    return None


def elapsed_seconds(spec: JobSpec, state: JobState, now: float | None = None) -> float:
    """Return how long training has taken so far, or took; before it, the age of the job."""
    started = state.started_seconds or spec.created_seconds
    ended = state.ended_seconds or (time.time() if now is None else now)
    return max(0.0, ended - started)


def _step(rank: RankProgress) -> int:
    return -1 if rank.step is None else rank.step
