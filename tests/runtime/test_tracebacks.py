import pytest

CELL = {"cell": {"execution_count": 7, "notebook": "a.ipynb"}}


def test_an_exception_points_into_the_cell_and_leaves_our_frames_out(job):
    job.write("helper.py", "def divide(a, b):\n    return a / b\n")
    job.run(
        """\
        import helper
        def train():
            helper.divide(1, 0)
        print("before")
        train()
        """,
        spec=CELL,
        ranks=2,
    )
    assert job.codes == [1, 1]
    error = job.error(1)
    source = job.path / "source"
    assert error["traceback"] == (
        "Traceback (most recent call last):\n"
        "  Cell In[7], line 5, in <module>\n"
        "    train()\n"
        "  Cell In[7], line 3, in train\n"
        "    helper.divide(1, 0)\n"
        f'  File "{source}/helper.py", line 2, in divide\n'
        "    return a / b\n"
        "           ~~^~~\n"
        "ZeroDivisionError: division by zero\n"
    )
    assert job.log(1) == "before\n" + error["traceback"]
    assert (error["type"], error["message"]) == ("ZeroDivisionError", "division by zero")
    assert (error["rank"], error["node"], error["exit_code"]) == (1, "algo-1", 1)
    assert error["cell_line"] == 3
    assert job.process(1)["exit_code"] == 1


def test_a_syntax_error_names_its_line_of_the_cell(job):
    job.run("x = 1\nif x\n    pass\n", spec=CELL)
    assert job.error()["cell_line"] == 2
    assert "Cell In[7], line 2" in job.error()["traceback"]
    assert "runtime" not in job.error()["traceback"]


def test_causes_are_told_in_the_cell_s_lines_too(job):
    job.run(
        """\
        try:
            {}["lr"]
        except KeyError as error:
            raise ValueError("no lr") from error
        """,
        spec={"cell": {"execution_count": None}},
    )
    text = job.error()["traceback"]
    assert "Cell In[ ], line 2, in <module>" in text
    assert "Cell In[ ], line 4, in <module>" in text
    assert "direct cause" in text


def test_a_script_that_is_no_cell_keeps_its_file_name(job):
    job.run("raise ValueError")
    assert f'File "{job.path}/source/entry_point.py", line 1' in job.error()["traceback"]


def test_a_hook_of_the_script_replaces_the_text_in_the_log_but_not_the_record(job):
    job.run(
        """\
        import sys
        sys.excepthook = lambda kind, value, frames: print("my hook:", value)
        raise ValueError("boo")
        """,
        spec=CELL,
    )
    assert job.log() == "my hook: boo\n"
    assert "Cell In[7], line 3" in job.error()["traceback"]


@pytest.mark.parametrize("broken", ["str", "repr"])
def test_an_exception_whose_text_fails_is_still_recorded(job, broken):
    job.run(
        f"""\
        class Odd(Exception):
            def __{broken}__(self):
                raise RuntimeError("no text")
        raise Odd
        """,
        spec=CELL,
    )
    assert job.codes == [1]
    assert job.error()["type"] == "Odd"
