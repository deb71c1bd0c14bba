"""Jobs run for real: a supervisor, ranks, a job directory under the test's own folder."""

from __future__ import annotations

import os
import sys
import sysconfig
import textwrap
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_sdt.launch import local
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_directory import JobDirectory, job_directory


@dataclass
class Jobs:
    """Writes, starts and awaits jobs the way fit() does, without an Estimator in between."""

    root: Path
    count: int = 0

    def write(self, source: str, *, entry_point: str = "entry_point.py", **fields: Any):
        self.count += 1
        spec = self.spec(entry_point, **fields)
        directory = job_directory(spec.job_name, self.root)
        directory.create()
        script = directory.source / entry_point
        script.write_text(textwrap.dedent(source))
        script.chmod(0o700)
        directory.write_spec(spec)
        return directory

    def spec(self, entry_point: str = "entry_point.py", **fields: Any) -> JobSpec:
        return JobSpec(
            **{
                "job_name": f"job-{self.count}",
                "entry_point": entry_point,
                "python": sys.executable,
                "created_seconds": time.time(),
                **fields,
            }
        )

    def start(self, source: str, *, environment: dict[str, str] | None = None, **fields: Any):
        directory = self.write(source, **fields)
        self.begin(directory, environment)
        return directory

    @staticmethod
    def begin(directory: JobDirectory, environment: dict[str, str] | None = None) -> None:
        """Start a job that was written, after more was put into its folder."""
        local.start(directory, dict(os.environ) | (environment or {}))

    def run(self, source: str, **fields: Any) -> JobDirectory:
        directory = self.start(source, **fields)
        self.wait(directory)
        return directory

    @staticmethod
    def wait(directory: JobDirectory, seconds: float = 120) -> JobState:
        return until(lambda: (state := directory.read_state()).terminal and state, seconds)


def until(condition, seconds: float = 30) -> Any:
    """Wait for a condition that other processes bring about."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{condition} did not come true in {seconds} s"
        time.sleep(0.01)
    return found


def ranks(number: int, launcher: str | None = None, strategy: str = "torch_distributed"):
    """A distribution of ``number`` ranks on each node."""
    return Distribution(strategy=strategy, launcher=launcher, processes_per_node=number)


def python_without(folder: Path, name: str) -> Path:
    """An interpreter with all that is installed here but package ``name``, made in ``folder``."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    made = next(folder.glob("lib/python3*/site-packages"))
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(place).iterdir():
            if not entry.name.startswith(name) and not (made / entry.name).exists():
                (made / entry.name).symlink_to(entry)
    return folder / "bin" / "python"
