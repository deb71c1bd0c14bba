"""Older versions of transformers, each in a folder of its own, for the jobs of tests.

Such a folder holds what must be of the version's time and comes first on a job's path; torch, NumPy
and the rest are those of the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

# accelerate before 0.21 imports pkg_resources, which setuptools dropped with 82.
BESIDE = {
    "4.26.1": ("tokenizers==0.13.3", "huggingface_hub==0.23.5", "accelerate==0.21.0"),
    "4.31.0": ("tokenizers==0.13.3", "huggingface_hub==0.23.5", "accelerate==0.21.0"),
    "4.36.2": ("tokenizers==0.15.2", "huggingface_hub==0.23.5", "accelerate==0.25.0"),
    "4.40.2": ("tokenizers==0.19.1", "huggingface_hub==0.23.5", "accelerate==0.29.3"),
    "4.45.2": ("tokenizers==0.20.3", "huggingface_hub==0.25.2", "accelerate==0.34.2"),
}
# One before the Trainer leaves batches to accelerate, and the last that SageMaker's scripts know.
ALWAYS_TESTED = ("4.26.1", "4.45.2")
FOLDER = "SDT_OLDER_TRANSFORMERS"


def older_transformers(version: str, cache: Path) -> Path:
    """The folder with ``version``, installed there by the first test that asks.

    It lies in ``cache``, or in the folder that the variable SDT_OLDER_TRANSFORMERS names. Where the
    package index cannot be reached, CI fails and a person's test is skipped.
    """
    python = "py{}{}".format(*sys.version_info[:2])
    folder = Path(os.environ.get(FOLDER) or cache).absolute()
    wanted = folder / "-".join((python, version, *BESIDE[version]))
    if not wanted.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _install(wanted, f"transformers=={version}", *BESIDE[version])
    return wanted


def _install(wanted: Path, *packages: str) -> None:
    """Whole or not at all: a test that is stopped leaves no half folder."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    options = ("--no-deps", "--only-binary=:all:", "--retries=2", "--timeout=20")
    with tempfile.TemporaryDirectory(dir=wanted.parent) as made:
        target = ("--target", str(Path(made) / "packages"))
        said = _failure((*pip, *options, *target, *packages))
        if said is not None:
            _give_up(said, packages)
        elif not wanted.is_dir():  # another run of the tests may have been faster
            (Path(made) / "packages").rename(wanted)


def _failure(command: tuple[str, ...]) -> str | None:
    """The last line of a command that failed."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=150)
    except subprocess.TimeoutExpired:
        return "pip had no answer for 150 s"
    last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
    return last if done.returncode else None


def _give_up(said: str, packages: tuple[str, ...]) -> None:
    message = (
        f"{', '.join(packages)} cannot be installed: {said}. Tests with older versions need the "
        f"package index, or a folder that has them already: {FOLDER}=FOLDER"
    )
    # The oldest were built for no Python after 3.11.
    if os.environ.get("CI") and sys.version_info < (3, 12):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
