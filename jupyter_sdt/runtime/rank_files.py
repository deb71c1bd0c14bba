"""Every file of the job directory that one rank writes or reads.

The training image holds no ``store`` package, so the few paths a rank needs are named here again;
a test compares them with ``JobDirectory``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_sdt.runtime.process_environment import process_environment
from jupyter_sdt.spec.variables import JOB_DIRECTORY


@dataclass(frozen=True, slots=True)
class RankFiles:
    """The job directory as seen by ``rank``."""

    directory: Path
    rank: int

    @property
    def log(self) -> Path:
        """Stdout and stderr, in order."""
        return self.directory / "logs" / f"rank-{self.rank}.log"

    @property
    def error(self) -> Path:
        """The uncaught exception."""
        return self.directory / "errors" / f"rank-{self.rank}.json"

    @property
    def metrics(self) -> Path:
        """MetricRecords, one a line."""
        return self.directory / "metrics" / f"rank-{self.rank}.jsonl"

    @property
    def process(self) -> Path:
        """Pid, start time and exit code."""
        return self.directory / "processes" / f"rank-{self.rank}.json"

    @property
    def stacks(self) -> Path:
        """Every thread's stack, appended on SIGUSR1."""
        return self.directory / "stacks" / f"rank-{self.rank}.txt"

    @property
    def commit(self) -> Path:
        """What a state of Horovod's kept last, in a job that may be restarted."""
        return self.directory / "commits" / f"rank-{self.rank}.pt"

    def variable_in(self, name: str) -> Path:
        """A value sent from the notebook."""
        return self.directory / "variables" / "in" / f"{name}.pickle"

    def variable_out(self, name: str) -> Path:
        """A value to be brought back to the notebook."""
        return self.directory / "variables" / "out" / f"{name}.pickle"

    def read_spec(self) -> dict[str, Any]:
        """The JobSpec as plain JSON; empty when there is none to read."""
        try:
            spec = json.loads((self.directory / "job.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return spec if isinstance(spec, dict) else {}


def rank_files(environ: Mapping[str, str] | None = None) -> RankFiles | None:
    """The files of this process, or None when it runs outside a job."""
    given = os.environ if environ is None else environ
    directory = given.get(JOB_DIRECTORY)
    if not directory:
        return None
    return RankFiles(Path(directory), process_environment(given).rank)


def write_whole(path: Path, content: bytes) -> None:
    """Replace ``path`` in one step, so that no reader sees half of it.

    Raises OSError when the disk is full or the folder is gone.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.chmod(0o600)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
