"""Fixtures of the launch tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Jobs


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    monkeypatch.setenv("SDT_NURSERY_IDLE_SECONDS", "120")
    return Jobs(tmp_path / "jobs")
