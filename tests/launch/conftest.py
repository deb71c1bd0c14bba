"""Fixtures of the launch tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import Jobs


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    monkeypatch.setenv("SDT_NURSERY_IDLE_SECONDS", "120")
    return Jobs(tmp_path / "jobs")


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A file system of one megabyte, where the machine lets us mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
