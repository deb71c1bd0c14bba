"""What rank 0 prints appears below the cell, but never floods it."""

from __future__ import annotations

import pytest
from support import Jobs

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook import log_echo
from jupyter_sdt.notebook.log_echo import LONGEST_LINE, MOST_LINES, LogEcho
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.files import write_json


@pytest.fixture
def directory(tmp_path):
    return Jobs(tmp_path).write("")


def test_new_whole_lines_are_printed_once(directory, capsys):
    echo = LogEcho(TrainingJob(directory))
    log = directory.log(0)
    log.write_text("one\ntw")
    echo.poll()
    assert capsys.readouterr().out == "one\n"
    log.write_text("one\ntwo\nthr")
    echo.poll()
    echo.finish()
    assert capsys.readouterr().out == "two\nthr\n"


def test_after_many_lines_it_says_once_where_the_rest_is(directory, capsys):
    directory.log(0).write_text("line\n" * (MOST_LINES + 50))
    echo = LogEcho(TrainingJob(directory))
    echo.poll()
    echo.finish()
    lines = capsys.readouterr().out.splitlines()
    assert lines[MOST_LINES:] == [f"... more: %sdt_logs {directory.job_name} --rank 0"]


def test_a_line_without_end_is_cut(directory, capsys):
    directory.log(0).write_text("x" * 3_000_000 + "\nafter\n")
    LogEcho(TrainingJob(directory)).finish()
    printed = capsys.readouterr().out
    assert len(printed) < 30 * LONGEST_LINE
    assert printed.endswith("…\nafter\n")


def fail(directory, *, failed_rank):
    """Rank 0 has printed something, then an exception ended it."""
    text = "Traceback (most recent call last):\n  Cell In[2], line 8\nOSError: gone\n"
    report = {"type": "OSError", "message": "gone", "traceback": text, "time": 1.0}
    write_json(directory.error(0), report)
    directory.log(0).write_text(f"step 1\nyour name? {text}")
    state = JobState().enter("Failed", 2.0, failure_reason="why", failed_rank=failed_rank)
    directory.write_state(state)


def test_the_traceback_that_the_error_shows_is_not_printed_as_well(directory, capsys):
    echo = LogEcho(TrainingJob(directory))
    fail(directory, failed_rank=0)
    echo.poll()
    echo.finish()
    assert capsys.readouterr().out == "step 1\nyour name?\n"


def test_of_a_failure_elsewhere_rank_0_tells_its_own_end_in_a_line(directory, capsys):
    echo = LogEcho(TrainingJob(directory))
    fail(directory, failed_rank=1)
    echo.finish()
    told = f"rank 0 ended after that with OSError: gone (%sdt_logs {directory.job_name} --rank 0)"
    assert capsys.readouterr().out == f"step 1\nyour name?\n{told}\n"


def test_a_traceback_that_the_script_goes_on_after_is_printed(directory, capsys, monkeypatch):
    monkeypatch.setattr(log_echo, "_HOLD_SECONDS", -1.0)
    text = "Traceback (most recent call last):\nValueError: caught\n"
    directory.log(0).write_text(f"{text}step 2\n")
    LogEcho(TrainingJob(directory)).poll()
    assert capsys.readouterr().out == f"{text}step 2\n"
