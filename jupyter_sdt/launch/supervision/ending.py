"""Why and until when a job is being ended before its time."""

from __future__ import annotations

from typing import Literal

from jupyter_sdt.launch.backend import Outcome
from jupyter_sdt.spec.job_status import SecondaryStatus
from jupyter_sdt.store.job_directory import JobDirectory

Cause = Literal["Stopped", "MaxRuntimeExceeded", "Failed"]


class Ending:
    """The decision to end a job: asked for once, then SIGTERM, then after a deadline SIGKILL."""

    def __init__(self, directory: JobDirectory) -> None:
        self._directory = directory
        self._cause: Cause | None = None
        self._kill_at: float | None = None
        self.reason = ""

    @property
    def asked(self) -> bool:
        """Whether the job is to end."""
        return self._cause is not None

    def ask(self, cause: Cause, reason: str = "") -> None:
        """Decide that the job is to end; the first cause counts."""
        if self._cause is None:
            self._cause, self.reason = cause, reason

    def check(self, now: float) -> None:
        """Look for the ``stop`` file and for a folder that vanished."""
        if self._directory.stop_file.exists():
            self.ask("Stopped")
        elif not self._directory.path.exists():
            # Nobody can follow or stop this job any more, so it must not go on unseen.
            self.ask("Failed", f"the job directory {self._directory.path} was deleted")
            self._kill_at = now

    def begin(self, now: float, stop_seconds: float) -> bool:
        """Return True once: the caller then sends SIGTERM, and the deadline runs from ``now``."""
        if self._kill_at is not None:
            return False
        self._kill_at = now + stop_seconds
        return True

    def overdue(self, now: float) -> bool:
        """Whether the ranks have had their time."""
        return self._kill_at is not None and now >= self._kill_at

    def secondary_status(self, outcome: Outcome) -> SecondaryStatus:
        """The status the job ends in, given how its processes ended."""
        if outcome.secondary_status is not None:
            return outcome.secondary_status
        if self._cause is not None:
            return self._cause
        return "Completed" if outcome.exit_code == 0 else "Failed"
