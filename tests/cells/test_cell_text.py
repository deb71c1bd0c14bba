"""A cell becomes an entry point line for line, or a table of hyperparameters."""

import pytest

from jupyter_sdt.cells.cell_text import CellText, count_blank_lines
from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.job_spec import Cell


def cell(body, line="--processes 2", blank_lines=0):
    return CellText(line=line, body=body, cell=Cell(execution_count=7), blank_lines=blank_lines)


def test_a_comment_stands_for_the_magics_line_so_line_numbers_hold_and_flags_stay_secret():
    source, messages = cell("import os\nprint(1)\n").entry_point()
    assert source == "# %%sdt_train\nimport os\nprint(1)\n"
    assert messages == []


def test_blank_lines_above_the_magic_count():
    source, _ = cell("print(1)", blank_lines=count_blank_lines("\n  \n%%sdt_train\n")).entry_point()
    assert source.splitlines()[3] == "print(1)"


def test_a_cell_may_begin_with_a_future_import():
    source, _ = cell("from __future__ import annotations\nx: int = 1\n").entry_point()
    compile(source, "entry_point.py", "exec")


@pytest.mark.parametrize(
    "line", ["%matplotlib inline", "len?", "?len", "len??", "%config InlineBackend", "%load_ext x"]
)
def test_lines_for_the_notebook_alone_are_taken_out_and_named(line):
    source, messages = cell(f"a = 1\n{line}\nb = 2\n").entry_point()
    assert source.splitlines()[2] == f"pass  # {line}"
    assert source.splitlines()[3] == "b = 2"
    assert messages == [f"Cell In[7], line 3: {line!r} was left out: the job runs plain Python"]


def test_the_statement_behind_time_is_kept():
    source, messages = cell("for i in range(2):\n    %time x = i\nprint(x)\n").entry_point()
    space = {}
    exec(source, space)
    assert space["x"] == 1
    assert messages == ["Cell In[7], line 3: %time was left out: the job runs plain Python"]


def test_a_line_taken_out_leaves_its_block_valid():
    source, _ = cell("if True:\n    %matplotlib inline\nx = 1\n").entry_point()
    compile(source, "entry_point.py", "exec")


def test_a_continued_magic_keeps_its_number_of_lines():
    source, _ = cell("%config a = 1 \\\n  2 \\\n  3\nx = 1\n").entry_point()
    assert source.splitlines()[4] == "x = 1"
    compile(source, "entry_point.py", "exec")


def test_strings_and_comments_with_ipython_characters_survive():
    body = (
        'a = """\n%matplotlib inline\n!ls\n%%time\nwhat?\n"""\n'
        "b = 7 % 3  # %time !ls obj?\n"
        "c = (1\n  % 2)\n"
        "d = '!x' != \"%y\"\n"
    )
    source, messages = cell(body).entry_point()
    assert source.partition("\n")[2] == body
    assert messages == []


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("!pip install x", "subprocess"),
        ("!!ls", "subprocess"),
        ("files = !ls", "subprocess"),
        ("x = %sql select 1", "magics"),
        ("%%time", "cell of its own"),
        ("%env A=1", "--env"),
        ("%pip install x", "--requirements"),
        ("%cd /tmp", "--source-dir"),
        ("%run other.py", "--source-dir"),
        ("%timeit f()", "statement itself"),
        ("/print 1", "parentheses"),
    ],
)
def test_lines_that_would_change_the_job_are_refused_by_number(line, cure):
    with pytest.raises(SpecError, match=r"Cell In\[7\], line 3") as caught:
        cell(f"a = 1\n{line}\n").entry_point()
    assert repr(line) in str(caught.value)
    assert cure in str(caught.value)


def test_a_syntax_error_names_the_line_and_points_at_the_place():
    with pytest.raises(SpecError) as caught:
        cell("x = 1\ny = = 2\n").entry_point()
    first, text, pointer = str(caught.value).splitlines()
    assert first == "Cell In[7], line 3: invalid syntax"
    assert text.strip() == "y = = 2"
    assert pointer.index("^") == text.index("= 2")


def test_await_at_top_level_is_a_syntax_error_of_the_job():
    with pytest.raises(SpecError, match="line 2: 'await' outside function"):
        cell("await f()\n").entry_point()


@pytest.mark.parametrize("body", ["", "\n\n", "# only a comment\n"])
def test_a_cell_without_code_is_refused(body):
    with pytest.raises(SpecError, match="holds no code"):
        cell(body).entry_point()


def test_a_cell_of_hyperparameters_is_read_without_running_it():
    body = "lr = 0.1\nlayers: list = [64, -1]  # widths\nname = 'net'\nopt = {'a': (1, None)}\n"
    assert cell(body).hyperparameters() == {
        "lr": 0.1,
        "layers": [64, -1],
        "name": "net",
        "opt": {"a": (1, None)},
    }


def test_an_empty_cell_holds_no_hyperparameters():
    assert cell("\n").hyperparameters() == {}


@pytest.mark.parametrize(
    "line",
    ["lr = print('ran')", "a.b = 1", "a = b = 1", "a, b = 1, 2", "print(1)", "x: int", "lr = x"],
)
def test_anything_but_a_literal_is_refused_by_line(line, capsys):
    with pytest.raises(SpecError, match=r"Cell In\[7\], line 3"):
        cell(f"ok = 1\n{line}\n").hyperparameters()
    assert capsys.readouterr().out == ""
