from __future__ import annotations

import pytest

from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.progress import Progress, RankProgress, progress, total_epochs
from jupyter_sdt.store.series import SeriesTable


def spec(processes: int = 2, **fields) -> JobSpec:
    return JobSpec(
        job_name="job-1",
        entry_point="train.py",
        python="python",
        created_seconds=1000.0,
        distribution=Distribution(processes_per_node=processes),
        **fields,
    )


def record(rank: int, step: int, **values) -> MetricRecord:
    return MetricRecord(time=1010.0 + step, rank=rank, step=step, values=values)


RUNNING = JobState().enter("Starting", 1000.0).enter("Training", 1010.0)


def told(*records: MetricRecord, state: JobState = RUNNING, job: JobSpec | None = None) -> Progress:
    table = SeriesTable()
    table.add(records)
    return progress(table, job or spec(), state, now=1025.0)


def test_a_job_that_recorded_nothing_has_only_an_age():
    nothing = told()
    assert nothing.ranks == (RankProgress(rank=0), RankProgress(rank=1))
    assert (nothing.step, nothing.loss, nothing.fraction, nothing.behind) == (None,) * 4
    assert nothing.elapsed_seconds == 15.0
    assert told(state=JobState()).elapsed_seconds == 25.0
    assert told(state=RUNNING.enter("Completed", 1012.0)).elapsed_seconds == 2.0


def test_the_numbers_are_those_of_all_ranks_together():
    found = told(
        record(0, 4, loss=9.0, total_steps=20, samples_per_second=9.0),
        record(0, 5, loss=1.0, samples_per_second=100.0, step_seconds=0.1),
        record(1, 3, loss=3.0, samples_per_second=50.0, step_seconds=0.3),
    )
    assert (found.step, found.total_steps, found.fraction) == (5, 20, 0.25)
    assert (found.loss, found.samples_per_second, found.step_seconds) == (2.0, 150.0, 0.3)


def test_every_rank_tells_its_last_step_and_when():
    found = told(record(0, 5, step_seconds=0.1), record(1, 3, step_seconds=0.3))
    assert found.ranks == (
        RankProgress(rank=0, step=5, time=1015.0, step_seconds=0.1),
        RankProgress(rank=1, step=3, time=1013.0, step_seconds=0.3),
    )
    assert found.behind == found.ranks[1]


def test_a_rank_without_a_step_yet_is_the_one_behind():
    found = told(record(0, 0, loss=1.0))
    assert found.behind is not None
    assert found.behind.rank == 1
    assert told(record(0, 2), record(1, 2)).behind is None


def test_a_loss_that_became_nan_is_told_by_its_last_number():
    assert told(record(0, 1, loss=0.5), record(0, 2, loss=None)).loss == 0.5


def test_epochs_tell_the_share_when_the_number_of_steps_is_unknown():
    job = spec(hyperparameters={"epochs": "4"})
    found = told(record(0, 5, epoch=1.0), record(1, 5, epoch=1.0), job=job)
    assert (found.epoch, found.total_epochs, found.fraction) == (1.0, 4, 0.25)


def test_the_share_stays_between_none_and_all():
    assert told(record(0, 30, total_steps=20)).fraction == 1.0


@pytest.mark.parametrize(
    ("hyperparameters", "expected"),
    [
        ({"epochs": 3}, 3),
        ({"num-train-epochs": "5"}, 5),
        ({"max_epochs": "many"}, None),
        ({"lr": 3}, None),
        ({}, None),
    ],
)
def test_the_number_of_epochs_is_read_from_the_hyperparameters(hyperparameters, expected):
    assert total_epochs(spec(hyperparameters=hyperparameters)) == expected


def test_a_job_that_runs_on_more_ranks_than_asked_shows_them_all():
    from dataclasses import replace

    assert len(told(state=replace(RUNNING, world_size=4)).ranks) == 4
