"""From measured jobs to the table of a study: median and spread, speedup, efficiency."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_sdt.errors import SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.scaling.measure import Measurement, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredJob:
    """One job of a study after it was measured."""

    job_name: str
    world_size: int
    processes_per_node: int
    measurement: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """One world size of a study.

    ``throughput`` is the median over the repeats in samples per second over all ranks,
    ``throughput_low`` and ``throughput_high`` the least and the greatest. ``speedup`` and
    ``efficiency`` (``speedup`` divided by the ratio of the world sizes) are relative to the
    study's smallest size.
    """

    world_size: int
    processes_per_node: int
    throughput: float
    throughput_low: float
    throughput_high: float
    step_seconds: float
    global_batch_size: int
    speedup: float
    efficiency: float
    repeats: int
    job_names: tuple[str, ...]


def measure_job(job: TrainingJob, warmup_steps: int | None) -> MeasuredJob:
    """Measure a job that has completed. Raises SpecError when it recorded nothing to measure."""
    size = job.spec.world_size
    try:
        measurement = measure(job.metrics(), world_size=size, warmup_steps=warmup_steps)
    except SpecError as error:
        raise SpecError(f"job {job.name}: {error}", argument=error.argument) from None
    return MeasuredJob(
        job_name=job.name,
        world_size=size,
        processes_per_node=job.spec.processes_per_node,
        measurement=measurement,
    )


def tabulate(jobs: Iterable[MeasuredJob]) -> list[StudyRow]:
    """Return one row per world size, smallest first; the smallest is the base of the speedups.

    For strong scaling, where the global batch is fixed, the ratio of the throughputs is T1/Tn; for
    weak scaling it is the scaled speedup (Gustafson, CACM 31(5), 1988).
    """
    by_size: dict[int, list[MeasuredJob]] = {}
    for job in jobs:
        by_size.setdefault(job.world_size, []).append(job)
    if not by_size:
        return []
    base = min(by_size)
    base_throughput = _median_throughput(by_size[base])
    return [_row(by_size[size], base, base_throughput) for size in sorted(by_size)]


def _row(jobs: Sequence[MeasuredJob], base: int, base_throughput: float) -> StudyRow:
    size, throughput = jobs[0].world_size, _median_throughput(jobs)
    speedup = throughput / base_throughput
    return StudyRow(
        world_size=size,
        processes_per_node=jobs[0].processes_per_node,
        throughput=throughput,
        throughput_low=min(job.measurement.throughput for job in jobs),
        throughput_high=max(job.measurement.throughput for job in jobs),
        step_seconds=statistics.median(job.measurement.step_seconds for job in jobs),
        global_batch_size=round(
            statistics.median(job.measurement.global_batch_size for job in jobs)
        ),
        speedup=speedup,
        efficiency=speedup / (size / base),
        repeats=len(jobs),
        job_names=tuple(job.job_name for job in jobs),
    )


def _median_throughput(jobs: Sequence[MeasuredJob]) -> float:
    return statistics.median(job.measurement.throughput for job in jobs)
