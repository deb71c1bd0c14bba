"""Fixtures of the error tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from errors.bench import Bench
from IPython.terminal.interactiveshell import TerminalInteractiveShell


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> TerminalInteractiveShell:
    """IPython as in a terminal, with the extension loaded; one for all rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        shell = TerminalInteractiveShell()
    shell.run_line_magic("load_ext", "jupyter_sdt")
    return shell


@pytest.fixture
def bench(
    tmp_path: Path,
    shell: TerminalInteractiveShell,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Bench:
    """A folder, a notebook and the means to make a mistake in them."""
    # Names of earlier rows must not become hints of this one.
    for name in [n for n in shell.user_ns if not n.startswith("_")]:
        if name not in shell.user_ns_hidden:
            del shell.user_ns[name]
    return Bench(tmp_path, shell, monkeypatch, request.getfixturevalue)
