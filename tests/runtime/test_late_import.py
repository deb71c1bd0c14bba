import importlib
import importlib.util
import sys

import pytest

from jupyter_sdt.runtime.late_import import when_imported


@pytest.fixture
def late(tmp_path, monkeypatch):
    (tmp_path / "late_module.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "late_module"
    sys.modules.pop("late_module", None)


def test_the_action_runs_once_after_the_module_was_executed(late):
    seen = []
    when_imported(late, lambda module: seen.append(module.VALUE))
    assert seen == []
    module = importlib.import_module(late)
    assert seen == [1]
    assert "exec_module" not in vars(module.__loader__)
    when_imported(late, lambda module: seen.append(2))
    assert seen == [1, 2]
    assert not [f for f in sys.meta_path if type(f).__name__ == "_Watch"]


def test_asking_whether_a_module_exists_does_not_lose_the_action(late):
    seen = []
    when_imported(late, lambda module: seen.append(module.VALUE))
    assert importlib.util.find_spec(late) is not None
    importlib.import_module(late)
    assert seen == [1]


def test_an_action_that_fails_does_not_break_the_import(late, capsys):
    when_imported(late, lambda module: module.missing)
    assert importlib.import_module(late).VALUE == 1
    assert "hook on late_module: AttributeError" in capsys.readouterr().err
