"""The one interface between the supervisor and a place where jobs run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jupyter_sdt.launch.plan import LaunchPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How training ended: ``exit_code`` 0 for success; else which rank failed first, and why."""

    exit_code: int
    failed_rank: int | None = None
    reason: str = ""


class Backend(Protocol):
    """A place where jobs run. Used by one supervisor, from one thread."""

    def plan(self) -> LaunchPlan:
        """Say exactly what would be started. Raises SpecError or LaunchError."""

    def prepare(self, plan: LaunchPlan) -> LaunchPlan:
        """Bring inputs into place and return the plan completed by what only now is known."""

    def submit(self, plan: LaunchPlan) -> None:
        """Start the plan. Raises LaunchError when nothing could be started."""

    def poll(self) -> Outcome | None:
        """Return the outcome once everything has ended, None while anything runs."""

    def terminate(self) -> None:
        """Ask training to end itself (SIGTERM to the ranks)."""

    def kill(self) -> None:
        """End whatever is left, at once and without exception."""

    def collect(self) -> tuple[str, ...]:
        """Put results where the user asked for them; returns notes."""
