"""Throughput of one job from its ranks' metric records, warm-up excluded. Pure."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.metric import MetricRecord

SAMPLES_PER_SECOND = "samples_per_second"
STEP_SECONDS = "step_seconds"
# The first steps pay for lazy initialisation, memory growth and cold caches.
LEAST_WARMUP_STEPS = 5
WARMUP_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one job did in its steady window.

    ``throughput`` is in samples per second over all ranks, ``step_seconds`` the median step,
    ``global_batch_size`` the samples all ranks together take in a median step. ``steps`` were
    measured after ``warmup_steps`` had been left out.
    """

    throughput: float
    step_seconds: float
    global_batch_size: int
    steps: int
    warmup_steps: int


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    seconds: float
    samples: float


def measure(
    records: Iterable[MetricRecord], *, world_size: int, warmup_steps: int | None = None
) -> Measurement:
    """Return the throughput of a job from its records of ``samples_per_second``.

    Each rank's throughput is its samples divided by its seconds over the steady window; the job's
    is their sum. autolog's records are taken when there are any, otherwise the script's own.
    ``warmup_steps`` None leaves out the first 10 % of the steps and never fewer than 5. Raises
    SpecError when some rank recorded nothing to measure, or too little.
    """
    ranks = _steps_by_rank(list(records))
    _require_all_ranks(ranks, world_size)
    recorded = min(len(steps) for steps in ranks.values())
    warmup = default_warmup(recorded) if warmup_steps is None else warmup_steps
    if recorded <= warmup:
        raise SpecError(
            f"a rank recorded {recorded} steps, of which warmup_steps={warmup} are left out: "
            "train for more steps, or give a smaller warmup_steps",
            argument="warmup_steps",
        )
    steady = [steps[warmup:] for steps in ranks.values()]
    return Measurement(
        throughput=sum(map(_throughput, steady)),
        step_seconds=statistics.median(step.seconds for steps in steady for step in steps),
        global_batch_size=round(
            sum(statistics.median(step.samples for step in steps) for steps in steady)
        ),
        steps=min(map(len, steady)),
        warmup_steps=warmup,
    )


def default_warmup(steps: int) -> int:
    """Steps to leave out of ``steps`` when nobody chose: 10 %, at least 5."""
    return max(LEAST_WARMUP_STEPS, math.ceil(WARMUP_SHARE * steps))


def _throughput(steps: Sequence[_Step]) -> float:
    return sum(step.samples for step in steps) / sum(step.seconds for step in steps)


def _steps_by_rank(records: Sequence[MetricRecord]) -> dict[int, list[_Step]]:
    told = [r for r in records if r.step is not None and r.values.get(SAMPLES_PER_SECOND)]
    if any(record.source == "autolog" for record in told):
        told = [record for record in told if record.source == "autolog"]
    by_rank: dict[int, list[MetricRecord]] = defaultdict(list)
    for record in told:
        by_rank[record.rank].append(record)
    return {rank: _steps(sorted(own, key=_number)) for rank, own in sorted(by_rank.items())}


def _steps(records: Sequence[MetricRecord]) -> list[_Step]:
    steps = []
    for before, record in zip((None, *records), records, strict=False):
        seconds = record.values.get(STEP_SECONDS) or _seconds_between(before, record)
        speed = record.values[SAMPLES_PER_SECOND]
        if seconds and speed:
            steps.append(_Step(_number(record), seconds, speed * seconds))
    return steps


def _seconds_between(before: MetricRecord | None, record: MetricRecord) -> float:
    """Seconds per step between two records of a script that does not log its step time."""
    if before is None or _number(record) == _number(before):
        return 0.0
    return max(0.0, (record.time - before.time) / (_number(record) - _number(before)))


def _number(record: MetricRecord) -> int:
    return record.step or 0


def _require_all_ranks(ranks: Mapping[int, Sequence[_Step]], world_size: int) -> None:
    silent = [rank for rank in range(world_size) if not ranks.get(rank)]
    if len(silent) == world_size:
        raise SpecError(
            "no rank recorded samples_per_second, so there is nothing to measure: a step is seen "
            "by itself when a torch optimizer steps and SDT_AUTOLOG is not 0; otherwise call "
            "log_metrics(step=..., samples_per_second=...) on every rank",
            argument="world_sizes",
        )
    if silent:
        raise SpecError(
            f"{world_size - len(silent)} of {world_size} ranks recorded samples_per_second, not "
            f"rank {', '.join(map(str, silent))}: call log_metrics(step=..., "
            "samples_per_second=...) on every rank, each with its own samples",
            argument="world_sizes",
        )
