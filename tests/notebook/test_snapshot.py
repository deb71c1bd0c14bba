"""A snapshot says what is known of a job, from its files."""

import json
import time

import pytest
from support import ranks

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.snapshot import RankHealth, look
from jupyter_sdt.spec.metric import MetricRecord

TRAINING = """
import os
print("rank", os.environ["RANK"])
"""


def record(directory, rank, step, **values):
    line = MetricRecord(time=time.time(), rank=rank, step=step, values=values).to_line()
    with directory.metric(rank).open("ab") as file:
        file.write(line)


@pytest.fixture
def ended(jobs):
    """A job of two ranks that has ended; its ranks left metrics behind."""
    directory = jobs.run(TRAINING, distribution=ranks(2))
    for step in (1, 2):
        for rank in (0, 1):
            record(directory, rank, step, loss=1 / step, samples_per_second=100.0, total_steps=4)
    return TrainingJob(directory)


def test_an_ended_job_is_told_in_one_line(ended):
    snapshot = look(ended)
    text = snapshot.text()
    assert text.startswith("job-1: Completed, 2 ranks by nursery, ")
    assert text.endswith(" s, step 2 of 4, loss 0.5, 200 samples/s")
    assert snapshot.progress.fraction == 0.5


def test_each_rank_tells_how_it_ended(ended):
    assert [str(rank) for rank in look(ended).ranks] == ["ended well", "ended well"]


def test_a_second_look_adds_what_is_new(ended):
    look(ended)
    for rank in (0, 1):
        record(ended.directory, rank, 3, loss=0.25)
    assert look(ended).loss == ("loss", [(1, 1.0), (2, 0.5), (3, 0.25)])


def test_the_payload_is_plain_json(ended):
    payload = json.loads(json.dumps(look(ended).to_json(), allow_nan=False))
    assert payload["job_name"] == "job-1"
    assert (payload["live"], payload["status"]) == (False, "Completed")
    assert payload["series"] == {"loss": [[1, 1.0], [2, 0.5]], "samples/s": [[1, 200], [2, 200]]}


def test_the_picture_can_be_told(ended):
    assert look(ended).spoken().endswith("; loss 0.5, falling; samples/s 200, steady")


def test_a_failure_gives_its_reason(jobs):
    job = TrainingJob(jobs.run("raise ValueError('no')", distribution=ranks(1)))
    assert "ValueError" in look(job).text()
    assert str(look(job).ranks[0]) == "ended with 1"


@pytest.mark.parametrize(
    ("health", "text"),
    [
        (RankHealth(rank=0), "not started"),
        (RankHealth(rank=0, running=True), "running"),
        (RankHealth(rank=0, running=True, step=5, quiet_seconds=1.6), "step 5, 2 s ago"),
        (RankHealth(rank=0, running=True, step=5, quiet_seconds=1, exit_code=-9), "ended with -9"),
    ],
)
def test_health_in_words(health, text):
    assert str(health) == text
