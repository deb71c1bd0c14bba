"""What holds for every test: jobs of its own folder, a nursery that does not stay for long."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sdt.store.job_directory import JobDirectory

# Before anything imports matplotlib, and before the first nursery is started.
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("SDT_NURSERY_IDLE_SECONDS", "120")
# Shells and kernels of tests leave the user's own IPython, its history above all, alone.
_ipython = tempfile.TemporaryDirectory(prefix="sdt-ipython-")
os.environ["IPYTHONDIR"] = _ipython.name
# A shell starts what runs in its background without Ctrl-C, which tests press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that only this file may add, because it is read first."""
    parser.addoption(
        "--all-transformers",
        action="store_true",
        help="test Hugging Face's Trainer with every version in tests/older_transformers.py",
    )


@pytest.fixture(autouse=True)
def jobs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The test's own folder of jobs; whatever still runs in it afterwards is asked to stop."""
    folder = tmp_path / "jobs"
    monkeypatch.setenv("SDT_JOBS_DIR", str(folder))
    yield folder
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and JobDirectory(path).supervised():
            JobDirectory(path).ask_to_stop()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where the machine lets us mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
