"""The jobs the charts have to hold: long curves of many ranks, and very many jobs."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from server_support import Store
from support import Jobs, ranks

from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory

SERIES, POINTS = 16, 100_000
JOBS = 1000


class LongJob:
    """A job that runs: 16 ranks, each with a curve of 100,000 points; more are appended."""

    def __init__(
        self, root: Path, job_name: str, points: int = POINTS, series: int = SERIES
    ) -> None:
        store = Store(Jobs(root))
        self.directory: JobDirectory = store.running(job_name=job_name, distribution=ranks(series))
        self._store, self._series, self._step, self._turn = store, series, 0, 0
        random.seed(1)
        for rank in range(series):
            with self.directory.metric(rank).open("wb") as file:
                file.writelines(self._line(rank, step) for step in range(1, points + 1))
        self._step = points

    def append(self, value: float | None = None) -> int:
        """Let every rank record one step, one after the other; returns the step."""
        self._step += 1
        for rank in range(self._series):
            with self.directory.metric(rank).open("ab", buffering=0) as file:
                file.write(self._line(rank, self._step, value))
        return self._step

    def append_point(self) -> None:
        """Let the next rank record its step: one point of one of the curves."""
        rank = self._turn % self._series
        self._step += rank == 0
        with self.directory.metric(rank).open("ab", buffering=0) as file:
            file.write(self._line(rank, self._step))
        self._turn += 1

    def end(self) -> None:
        """The job has completed."""
        self._store.end(self.directory)
        for lock in self._store.locks:
            os.close(lock)

    @staticmethod
    def _line(rank: int, step: int, value: float | None = None) -> bytes:
        loss = 1 / step + 0.01 * random.random() if value is None else value
        record = MetricRecord(time=time.time(), rank=rank, step=step, values={"loss": loss})
        return record.to_line()


def fill_store(root: Path, count: int = JOBS) -> None:
    """Make jobs that have ended, each with a few records."""
    store = Store(Jobs(root))
    for number in range(count):
        directory = store.ended(job_name=f"old-{number}")
        for rank in range(2):
            record = MetricRecord(time=1e9, rank=rank, step=9, values={"loss": 0.5})
            directory.metric(rank).write_bytes(record.to_line())
    for lock in store.locks:
        os.close(lock)
