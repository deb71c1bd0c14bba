"""From the call of fit() to CreateTrainingJob accepted, and from the interpreter's start to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one job: call to accepted, call to return, interpreter's start to accepted."""

    accepted: float
    returned: float
    from_start: float


class Submitter:
    """A process that submits a job for each name it is given."""

    def __init__(
        self, python: Path, script: str, source: Path, environment: Mapping[str, str]
    ) -> None:
        began = time.time()
        command = [str(python), str(HERE / script), str(source), str(began)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **environment},
        )

    def submit(self, name: str, client: Any) -> Times:
        """Submit one job and wait until the service has it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        # The SDK greets on standard output, too.
        lines = iter(self._process.stdout.readline, "")
        line = next((text.split() for text in lines if text.startswith(f"{name} ")), None)
        if line is None:
            raise RuntimeError(f"{self._process.args} ended without submitting {name}")
        called, returned, began = map(float, line[1:])
        accepted = _accepted(client, name)
        return Times(accepted - called, returned - called, accepted - began)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def submitter(
    python: Path, script: str, source: Path, environment: Mapping[str, str]
) -> Iterator[Submitter]:
    """A submitter that is closed at the end."""
    made = Submitter(python, script, source, environment)
    try:
        yield made
    finally:
        made.close()


def ours() -> tuple[Path, str]:
    """Interpreter and script of jupyter_sdt."""
    return Path(sys.executable), "submit_ours.py"


def bare_boto3() -> tuple[Path, str]:
    """Interpreter and script of the floor."""
    return Path(sys.executable), "submit_floor.py"


def _accepted(client: Any, name: str) -> float:
    """The time at which the service took the job, by its clock, which is this machine's."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            described = client.describe_training_job(TrainingJobName=name)
            return float(described["CreationTime"].timestamp())
        except client.exceptions.ClientError:
            time.sleep(0.02)
    raise RuntimeError(f"{name} did not reach the service in {WAIT_SECONDS} s")
