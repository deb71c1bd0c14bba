"""Where mistakes are made for real: a notebook shell, Estimators, jobs in the test's own folder."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support import until

from jupyter_sdt import Estimator, TrainingJob
from jupyter_sdt.store.job_store import list_directories

SLEEPER = """
import time
print("ready", flush=True)
time.sleep(300)
"""


@dataclass
class Bench:
    """What a scenario works with. ``known`` are the jobs it started before the mistake."""

    folder: Path
    shell: Any
    patch: pytest.MonkeyPatch
    fixture: Callable[[str], Any]
    known: set[str] = field(default_factory=set)

    def cell(self, text: str) -> None:
        """Run a notebook cell and raise what it raised."""
        result = self.shell.run_cell(text, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            raise error

    def train(self, flags: str, body: str = "pass") -> None:
        """Run a cell that begins with ``%%sdt_train``."""
        self.cell(f"%%sdt_train {flags}\n{textwrap.dedent(body)}")

    def define(self, **variables: Any) -> None:
        """Put variables into the notebook."""
        self.shell.user_ns.update(variables)

    def file(self, name: str, text: str = "") -> str:
        """Write a file below the test's folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return str(path)

    def estimator(self, source: str = "print('hello')", **keywords: Any) -> Estimator:
        """An Estimator of a script."""
        return Estimator(entry_point=self.file("code/train.py", source), **keywords)

    def start(self, source: str, inputs: Any = None, **keywords: Any) -> TrainingJob:
        """Start a script and return at once."""
        return self.estimator(source, **keywords).start(inputs)

    def train_script(self, source: str, inputs: Any = None, **keywords: Any) -> None:
        """Run a script to its end and raise what wait() raises."""
        self.start(source, inputs, **keywords).wait(60)

    def running(self, source: str = SLEEPER, **keywords: Any) -> TrainingJob:
        """A job of which every rank has said that it is ready."""
        job = self.start(source, **keywords)
        logs = [job.directory.log(rank) for rank in range(job.spec.world_size)]
        until(lambda: all(log.exists() and "ready" in log.read_text() for log in logs))
        return job

    def earlier_job(self, name: str = "digits-1", **keywords: Any) -> TrainingJob:
        """A job that completed before the mistake."""
        job = self.estimator(**keywords).start(job_name=name)
        job.wait(60)
        self.known.add(name)
        return job

    def new_job(self) -> TrainingJob:
        """The job that the mistake belongs to."""
        return TrainingJob(list_directories()[0])
