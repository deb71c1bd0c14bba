"""What rank 0 prints appears below the cell, but never floods it."""

from __future__ import annotations

import pytest
from support import Jobs

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.log_echo import MOST_LINES, LogEcho


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
