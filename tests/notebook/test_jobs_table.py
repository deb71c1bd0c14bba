"""The table of jobs."""

import time

import pytest
from support import ranks

from jupyter_sdt.errors import SdtError, SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.jobs_table import check_rank, latest_job, named_job, newest_jobs
from jupyter_sdt.spec.metric import MetricRecord


@pytest.fixture
def two_jobs(jobs):
    first = jobs.run("pass", distribution=ranks(2))
    for step in (1, 2):
        line = MetricRecord(
            time=time.time(), rank=0, step=step, values={"loss": 1 / step}
        ).to_line()
        with first.metric(0).open("ab") as file:
            file.write(line)
    with first.metric(0).open("ab") as file:
        file.write(b'{"half')
    return first, jobs.run("raise SystemExit(3)", distribution=ranks(1))


def test_newest_jobs_come_first_with_status_ranks_and_last_loss(two_jobs):
    rows = newest_jobs(20).rows
    assert [row[0] for row in rows] == ["job-2", "job-1"]
    assert [row[1] for row in rows] == ["Failed", "Completed"]
    assert [row[3:] for row in rows] == [("1", ""), ("2", "0.5")]
    assert len(newest_jobs(1).rows) == 1


def test_a_lost_job_is_reported_as_lost(jobs):
    jobs.write("pass", distribution=ranks(1)).lock_file.touch()  # nobody holds it
    assert newest_jobs(1).rows[0][1] == "Lost"


def test_the_table_is_text_and_html(two_jobs):
    table = newest_jobs(20)
    assert repr(table).splitlines()[0].split() == [
        "name",
        "status",
        "elapsed",
        "ranks",
        "last",
        "loss",
    ]
    assert "<td>job-1</td>" in table._repr_html_()


def test_without_jobs_it_says_so():
    assert repr(newest_jobs(20)) == "no jobs yet"
    with pytest.raises(SdtError, match="no jobs yet"):
        latest_job()


def test_the_newest_job_is_meant_when_no_name_is_given(two_jobs):
    assert named_job(None).name == "job-2"
    assert named_job("job-1").name == "job-1"
    with pytest.raises(SdtError, match="did you mean 'job-1'"):
        named_job("jobb-1")


def test_a_rank_that_is_not_there_is_refused(two_jobs):
    check_rank(TrainingJob(two_jobs[0]), 1)
    with pytest.raises(SpecError, match="--rank 2: job-1 has ranks 0 to 1"):
        check_rank(TrainingJob(two_jobs[0]), 2)
