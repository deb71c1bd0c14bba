"""Records and rows as jobs of known speed would leave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from jupyter_sdt.scaling.measure import Measurement
from jupyter_sdt.scaling.rows import MeasuredJob, StudyRow, tabulate
from jupyter_sdt.spec.metric import MetricRecord


@pytest.fixture
def steps_of() -> Callable[..., list[MetricRecord]]:
    """Records of one rank whose steps took the given seconds with ``samples`` each."""

    def records(
        rank: int, seconds: Sequence[float], samples: float = 32, source: str = "autolog"
    ) -> list[MetricRecord]:
        return [
            MetricRecord(
                time=1001.0 + step,
                rank=rank,
                step=step + 1,
                values={"step_seconds": taken, "samples_per_second": samples / taken},
                source=source,  # type: ignore[arg-type]
            )
            for step, taken in enumerate(seconds)
        ]

    return records


@pytest.fixture
def rows_of() -> Callable[..., list[StudyRow]]:
    """The table of a study from {world_size: (throughputs of the repeats)}."""

    def rows(
        throughputs: Mapping[int, Sequence[float]], batches: Mapping[int, int] | None = None
    ) -> list[StudyRow]:
        return tabulate(
            MeasuredJob(
                job_name=f"job-{size}-{repeat}",
                world_size=size,
                processes_per_node=size,
                measurement=Measurement(
                    throughput=throughput,
                    step_seconds=64 / throughput,
                    global_batch_size=(batches or {}).get(size, 64),
                    steps=50,
                    warmup_steps=5,
                ),
            )
            for size, repeats in throughputs.items()
            for repeat, throughput in enumerate(repeats)
        )

    return rows
