"""Who failed first, judged from what ranks left behind."""

from __future__ import annotations

import sys
import time

import pytest

from jupyter_sdt.launch.launchers.plan import ProcessPlan
from jupyter_sdt.launch.supervision.children import Ended
from jupyter_sdt.launch.supervision.verdict import describe_exit, judge
from jupyter_sdt.spec.job_spec import Cell
from jupyter_sdt.store.files import write_json


@pytest.fixture
def directory(jobs):
    return jobs.write("", cell=Cell(execution_count=7))


def ended(exit_code: int, rank: int | None = 0, when: float = 10.0) -> Ended:
    plan = ProcessPlan(
        argv=(sys.executable,),
        environment={},
        working_directory="/",
        node="algo-1",
        log=f"logs/rank-{rank}.log" if rank is not None else "logs/launcher-algo-1.log",
        rank=rank,
    )
    return Ended(plan, exit_code, when)


def left_error(directory, rank, message, when, **more):
    write_json(
        directory.error(rank),
        {"rank": rank, "time": when, "type": "ValueError", "message": message, **more},
    )


def test_success_needs_every_exit_code_to_be_zero(directory):
    assert judge(directory, [ended(0, 0), ended(0, 1)], 2).exit_code == 0


def test_the_earliest_exception_is_the_cause(directory):
    left_error(directory, 0, "later", 11.0)
    left_error(directory, 1, "first", 10.0)
    outcome = judge(directory, [ended(1, 0), ended(1, 1)], 2)
    assert (outcome.failed_rank, outcome.reason) == (1, "rank 1 failed: ValueError: first")


@pytest.mark.parametrize(
    "message",
    [
        "Connection closed by peer [127.0.0.1]:1",
        "rank 1 is gone: it ended, was killed or left",
        "stage 1 (rank 1) failed: KeyError: 'part'",
    ],
)
def test_a_lost_peer_is_a_consequence_even_when_it_was_written_first(directory, message):
    left_error(directory, 0, message, 9.0)
    outcome = judge(directory, [ended(1, 0, 9.0), ended(-9, 1, 9.1)], 2)
    assert (outcome.failed_rank, outcome.exit_code) == (1, -9)


def test_the_reason_points_into_the_cell(directory):
    left_error(directory, 0, "bad", 10.0, cell_line=12)
    assert judge(directory, [ended(1)], 1).reason.endswith("ValueError: bad (Cell In[7], line 12)")


def test_a_launcher_that_failed_alone_shows_its_last_lines(directory):
    directory.launcher_log("algo-1").write_text("one\ntwo\nno such option: --x\n")
    outcome = judge(directory, [ended(2, None, time.time())], 2)
    assert outcome.failed_rank is None
    assert "no such option: --x" in outcome.reason


def test_exit_codes_are_put_into_words():
    assert describe_exit(3) == "exited with code 3"
    assert "SIGKILL" in describe_exit(-9)
    assert "memory" in describe_exit(-9)
    assert "SIGTERM" in describe_exit(-15)
