"""The one interface between the supervisor and a place where jobs run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.spec.billing import Billing
from jupyter_sdt.spec.job_status import SecondaryStatus, Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How training ended: ``exit_code`` 0 for success; else which rank failed first, and why.

    ``secondary_status`` is the end as a service named it, ``ended_seconds`` when that was, counted
    from the epoch; None where the supervisor judges.
    """

    exit_code: int
    failed_rank: int | None = None
    reason: str = ""
    secondary_status: SecondaryStatus | None = None
    ended_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a place has told since it was asked last: phases; and all notes and the bill so far."""

    transitions: tuple[Transition, ...] = ()
    notes: tuple[str, ...] = ()
    billing: Billing | None = None


class Backend(Protocol):
    """A place where jobs run. Used by one supervisor, from one thread.

    ``poll_seconds`` is how often the supervisor looks. With ``own_phases`` the place tells the
    phases of a job through :meth:`news` and ends it itself when its time is over.
    """

    poll_seconds: float
    own_phases: bool

    def plan(self) -> LaunchPlan:
        """Say exactly what would be started. Raises SpecError or LaunchError."""

    def prepare(self, plan: LaunchPlan) -> LaunchPlan:
        """Bring inputs into place and return the plan completed by what only now is known."""

    def submit(self, plan: LaunchPlan) -> None:
        """Start the plan. Raises LaunchError when nothing could be started."""

    def poll(self) -> Outcome | None:
        """Return the outcome once everything has ended, None while anything runs."""

    def news(self) -> News:
        """Say what happened since the last call."""

    def terminate(self) -> None:
        """Ask training to end itself (SIGTERM to the ranks)."""

    def kill(self) -> None:
        """End whatever is left, at once and without exception."""

    def collect(self) -> tuple[str, ...]:
        """Put results where the user asked for them; returns notes."""
