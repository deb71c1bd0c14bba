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

    ``throughput`` is in samples per second over all ranks, ``step_seconds`` the mean step,
    ``global_batch_size`` the samples all ranks together take in a step, on the average. ``steps``
    were measured after at least ``warmup_steps`` had been left out.
    """

    throughput: float
    step_seconds: float
    global_batch_size: int
    steps: int
    warmup_steps: int


@dataclass(frozen=True, slots=True)
class _Span:
    """The steps between two records of a rank: how long they took, what they were given."""

    before: int
    steps: int
    seconds: float
    samples: float


def measure(
    records: Iterable[MetricRecord], *, world_size: int, warmup_steps: int | None = None
) -> Measurement:
    """Return the throughput of a job from its records of ``samples_per_second``.

    Each rank's throughput is its samples divided by its seconds over the steady window; the job's
    is their sum. A record stands for all steps since the rank's previous one. autolog's records
    are taken when there are any, otherwise the script's own. ``warmup_steps`` None leaves out the
    first 10 % of the steps and never fewer than 5. Raises SpecError when some rank recorded
    nothing to measure, or too little.
    """
    ranks = _spans_by_rank(list(records))
    _require_all_ranks(ranks, world_size)
    trained = min(spans[-1].before + spans[-1].steps for spans in ranks.values())
    warmup = default_warmup(trained) if warmup_steps is None else warmup_steps
    steady = [[span for span in spans if span.before >= warmup] for spans in ranks.values()]
    if not all(steady):
        raise SpecError(
            f"nothing is left of {trained} steps without warmup_steps={warmup}: train for more "
            "steps (autolog records about 10 times a second), or give a smaller warmup_steps",
            argument="warmup_steps",
        )
    return Measurement(
        throughput=sum(_total(s, "samples") / _total(s, "seconds") for s in steady),
        step_seconds=statistics.fmean(_total(s, "seconds") / _total(s, "steps") for s in steady),
        global_batch_size=round(sum(_total(s, "samples") / _total(s, "steps") for s in steady)),
        steps=min(int(_total(s, "steps")) for s in steady),
        warmup_steps=warmup,
    )


def default_warmup(steps: int) -> int:
    """Steps to leave out of ``steps`` when nobody chose: 10 %, at least 5."""
    return max(LEAST_WARMUP_STEPS, math.ceil(WARMUP_SHARE * steps))


def _total(spans: Sequence[_Span], name: str) -> float:
    return float(sum(getattr(span, name) for span in spans))


def _spans_by_rank(records: Sequence[MetricRecord]) -> dict[int, list[_Span]]:
    speeds = [r for r in records if r.values.get(SAMPLES_PER_SECOND)]
    source = "autolog" if any(r.source == "autolog" for r in speeds) else "script"
    by_rank: dict[int, list[MetricRecord]] = defaultdict(list)
    for record in records:
        if record.source == source and record.step is not None:
            by_rank[record.rank].append(record)
    return {rank: _spans(sorted(own, key=_number)) for rank, own in by_rank.items()}


def _spans(records: Sequence[MetricRecord]) -> list[_Span]:
    """One span for each record that tells a speed; the others only tell where a span begins."""
    spans = []
    for previous, record in zip((None, *records), records, strict=False):
        # Nobody knows how many steps a first record stands for; it counts as one.
        before = _number(record) - 1 if previous is None else _number(previous)
        steps, speed = _number(record) - before, record.values.get(SAMPLES_PER_SECOND)
        each = record.values.get(STEP_SECONDS)
        if not each and previous is not None and steps:
            each = (record.time - previous.time) / steps
        if steps and speed and each and each > 0:
            spans.append(_Span(before, steps, each * steps, speed * each * steps))
    return spans


def _number(record: MetricRecord) -> int:
    return record.step or 0


def _require_all_ranks(ranks: Mapping[int, Sequence[_Span]], world_size: int) -> None:
    silent = [rank for rank in range(world_size) if not ranks.get(rank)]
    if len(silent) == world_size:
        raise SpecError(
            "no rank recorded samples_per_second, so there is nothing to measure: it is seen by "
            "itself when a torch optimizer steps on a module's output and SDT_AUTOLOG is not 0; "
            "otherwise call log_metrics(step=..., samples_per_second=...) on every rank",
            argument="world_sizes",
        )
    if silent:
        raise SpecError(
            f"{world_size - len(silent)} of {world_size} ranks recorded samples_per_second, not "
            f"rank {', '.join(map(str, silent))}: call log_metrics(step=..., "
            "samples_per_second=...) on every rank, each with its own samples",
            argument="world_sizes",
        )
