"""What TrainingJob tells of the records that ranks left behind."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from support import Jobs, ranks

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.metric import MetricRecord


@pytest.fixture
def jobs(jobs_folder: Path) -> Jobs:
    return Jobs(jobs_folder)


def record(job: TrainingJob, rank: int, step: int | None, **values: float | None) -> None:
    line = MetricRecord(time=100.0 + (step or 0), rank=rank, step=step, values=values).to_line()
    with job.directory.metric(rank).open("ab") as file:
        file.write(line)


@pytest.fixture
def recorded(jobs: Jobs) -> TrainingJob:
    """A job that nobody runs, with the records of two ranks."""
    job = TrainingJob(jobs.write("pass", distribution=ranks(2)))
    for step in (1, 2):
        record(job, 0, step, loss=1.0 / step, samples_per_second=10.0)
        record(job, 1, step, loss=2.0 / step, samples_per_second=20.0)
    return job


def test_metrics_are_those_of_all_ranks_in_order_of_time(recorded):
    assert [(r.step, r.rank) for r in recorded.metrics()] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    record(recorded, 1, 0, loss=9.0)
    assert recorded.metrics()[0].step == 0
    recorded.metrics().clear()
    assert len(recorded.metrics()) == 5


def test_curves_and_progress_grow_with_the_job(recorded):
    assert list(recorded.series().over_ranks("loss").values) == [1.5, 0.75]
    assert recorded.progress().samples_per_second == 30.0
    record(recorded, 0, 3, loss=0.0)
    assert [rank.step for rank in recorded.progress().ranks] == [3, 2]


def test_threads_that_share_a_handle_see_every_record_once(recorded):
    for step in range(3, 3000):
        record(recorded, 0, step, loss=1.0)
    threads = [threading.Thread(target=recorded.series) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(recorded.series().by_rank("loss")[0]) == 2999


def test_metrics_become_a_frame_with_a_column_for_each(recorded):
    record(recorded, 0, None, accuracy=None)
    frame = recorded.dataframe()
    expected = ["time", "rank", "step", "source", "loss", "samples_per_second", "accuracy"]
    assert sorted(frame.columns) == sorted(expected)
    assert list(frame.columns[:4]) == expected[:4]
    assert len(frame) == 5
    assert frame["step"].isna().sum() == 1
    assert frame["accuracy"].isna().all()
    assert frame[frame["rank"] == 1]["loss"].tolist() == [2.0, 1.0]
    assert frame["time"][0].isoformat() == "1970-01-01T00:01:40+00:00"


def test_a_job_without_metrics_has_an_empty_frame(jobs):
    frame = TrainingJob(jobs.write("pass")).dataframe()
    assert list(frame.columns) == ["time", "rank", "step", "source"]
    assert len(frame) == 0


def test_a_job_is_described_in_sagemakers_words(recorded):
    described = recorded.describe()
    assert described["TrainingJobStatus"] == "InProgress"
    assert described["TrainingJobName"] == "job-1"
    assert described["FinalMetricDataList"][0]["Value"] == 0.75
    json.dumps(described, default=str)
