"""A cell is checked from its flags to its variables before anything starts."""

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.notebook.magics import keep_lone_line
from jupyter_sdt.notebook.training_cell import read_cell
from jupyter_sdt.store.job_store import list_job_names


@pytest.fixture
def shell(shell):
    """IPython with a magic that only reads its cell, and keeps what it read."""
    shell.read = []
    shell.register_magic_function(
        lambda line, cell: shell.read.append(read_cell(shell, line, cell)), "cell", "sdt_train"
    )
    return shell


def read(shell, text):
    shell.run_cell(text, store_history=True).raise_error()
    return shell.read[-1]


def test_the_cell_knows_its_number(shell):
    shell.run_cell("1", store_history=True)
    assert read(shell, "%%sdt_train\nprint(1)").source.cell.label == "Cell In[2]"


def test_a_cell_outside_the_history_has_no_number(shell):
    shell.run_cell("%%sdt_train\nprint(1)", store_history=False)
    assert shell.read[-1].source.cell.execution_count is None


def test_line_numbers_are_those_of_the_editor(shell):
    source = read(shell, "\n\n%%sdt_train --processes 2\nprint(1)").source.source
    assert source.splitlines()[2:] == ["# %%sdt_train", "print(1)"]


def test_the_notebooks_path_goes_along(shell, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/user/digits.ipynb")
    assert read(shell, "%%sdt_train\nprint(1)").source.cell.notebook == "/home/user/digits.ipynb"


def test_with_an_entry_point_the_cell_is_no_script(shell):
    training = read(shell, "%%sdt_train --entry-point t.py --hp a=1\nlr = 0.1")
    assert training.source is None
    assert training.arguments.estimator["hyperparameters"] == {"a": 1, "lr": 0.1}


def test_what_was_changed_and_sent_is_said(shell, capsys):
    shell.user_ns["data"] = [1, 2]
    read(shell, "%%sdt_train --in data\n%matplotlib inline\nprint(data)").say()
    changed, sent = capsys.readouterr().out.splitlines()
    assert changed.startswith("Cell In[1], line 2: '%matplotlib inline' was left out")
    assert sent.startswith("sent data (list, ")
    assert sent.endswith(" bytes)")
    shell.user_ns["more"] = [3]
    read(shell, "%%sdt_train --in data,more\nprint(data)").say()
    assert capsys.readouterr().out.endswith(" bytes in all\n")


def test_nothing_is_said_about_a_plain_cell(shell, capsys):
    read(shell, "%%sdt_train\nprint(1)").say()
    assert capsys.readouterr().out == ""


def test_the_plan_shows_the_cell_and_its_flags_and_writes_nothing(shell):
    plan = read(shell, "%%sdt_train --processes 2 --launcher torchrun --hp lr=0.1\nx = 1").plan()
    assert "torchrun" in plan
    assert "--lr 0.1" in plan
    assert list_job_names() == []


def test_the_study_takes_the_estimator_and_the_sizes(shell):
    study = read(
        shell, "%%sdt_train --scale 2,1 --oversubscribe --scaling weak --repeats 2 --name s\nx = 1"
    ).study()
    assert study.settings.world_sizes == (1, 2)
    assert (study.settings.scaling, study.settings.repeats, study.name) == ("weak", 2, "s")


def test_flags_are_looked_at_before_the_cell(shell):
    with pytest.raises(SpecError, match="no such flag"):
        read(shell, "%%sdt_train --nonsense\nx = = 1")


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["%%sdt_train --help"], ["%%sdt_train --help\n", "\n"]),
        (["%%sdt_train --help\n"], ["%%sdt_train --help\n", "\n"]),
        (["%%sdt_train\n", "x = 1\n"], ["%%sdt_train\n", "x = 1\n"]),
        (["%%time\n"], ["%%time\n"]),
    ],
)
def test_a_line_alone_gets_an_empty_body(lines, kept):
    assert keep_lone_line(lines) == kept


def test_a_terminal_waits_for_the_cells_body(ipython):
    assert ipython.check_complete("%%sdt_train --processes 2")[0] == "incomplete"
    assert ipython.check_complete("%%sdt_train --processes 2\nprint(1)")[0] == "incomplete"
    assert ipython.check_complete("%%sdt_train --processes 2\nprint(1)\n\n")[0] == "complete"
