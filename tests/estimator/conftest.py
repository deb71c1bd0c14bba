"""Fixtures of the estimator tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A training script that says what it got."""
    path = tmp_path / "train.py"
    path.write_text("import os, sys\nprint('rank', os.environ.get('RANK'), *sys.argv[1:])\n")
    return str(path)
