"""Errors are told in plain words, and still stop the notebook."""

import pytest

from jupyter_sdt.errors import JobError, SpecError
from jupyter_sdt.notebook.telling import DetachedError, describe, plainly

TRACE = "Traceback (most recent call last):\n  Cell In[7], line 12\nValueError: no"


def failed(**fields):
    return JobError("job-1 failed on rank 1", job_name="job-1", rank=1, exit_code=1, **fields)


def test_a_message_has_its_kind_in_front():
    assert describe(SpecError("--hp: no")) == "SpecError: --hp: no"


def test_a_failed_job_shows_its_traceback_its_last_lines_and_where_the_log_lies():
    text = describe(failed(traceback=TRACE, log_lines=("epoch 1", "epoch 2"), log_path="/j/rank-1"))
    assert text.index("job-1 failed on rank 1") < text.index("Cell In[7], line 12")
    assert text.index("line 12") < text.index("last lines of the log:\nepoch 1\nepoch 2")
    assert text.endswith("whole log: /j/rank-1")


def test_a_log_that_ends_in_the_traceback_is_not_shown_twice():
    text = describe(failed(traceback=TRACE, log_lines=("epoch 1", *TRACE.splitlines())))
    assert text.count("ValueError: no") == 1
    assert "epoch 1" in text


def test_ipython_shows_the_message_without_frames(shell, capsys):
    @plainly
    def magic():
        raise SpecError("--hp: no")

    shell.user_ns["magic"] = magic
    result = shell.run_cell("magic()")
    assert isinstance(result.error_in_exec, SpecError)
    assert capsys.readouterr().out == "SpecError: --hp: no\n"


def test_other_errors_keep_their_traceback(shell, capsys):
    shell.user_ns["magic"] = plainly(lambda: 1 / 0)
    shell.run_cell("magic()")
    assert "Traceback" in capsys.readouterr().out


def test_an_interrupt_says_how_to_go_on():
    error = DetachedError("digits-1")
    assert "%sdt_attach digits-1" in describe(error)
    assert "%sdt_stop digits-1" in describe(error)
    with pytest.raises(KeyboardInterrupt):
        raise error
