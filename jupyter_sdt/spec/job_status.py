"""States of a job, in DescribeTrainingJob's words.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from jupyter_sdt.spec.billing import Billing

JobStatus = Literal["InProgress", "Completed", "Failed", "Stopping", "Stopped"]
SecondaryStatus = Literal[
    "Starting",
    "Pending",
    "LaunchingMLInstances",
    "PreparingTrainingStack",
    "DownloadingTrainingImage",
    "Downloading",
    "Training",
    "Interrupted",
    "Restarting",
    "Updating",
    "Uploading",
    "Stopping",
    "Completed",
    "Failed",
    "Stopped",
    "MaxRuntimeExceeded",
    "MaxWaitTimeExceeded",
    "Lost",  # ours: the supervisor died, so nobody knows how training ended
]

TERMINAL: frozenset[str] = frozenset({"Completed", "Failed", "Stopped"})
_STATUS_OF: dict[str, JobStatus] = {
    "Stopping": "Stopping",
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
    "Lost": "Failed",
}


def status_of(secondary_status: str) -> JobStatus:
    """The primary status that a phase belongs to."""
    return _STATUS_OF.get(secondary_status, "InProgress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One phase of a job's life; ``start_seconds`` counts from the epoch."""

    secondary_status: SecondaryStatus
    start_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What ``state.json`` says. Times are seconds since the epoch.

    ``exit_code`` is that of the first failing rank (negative: killed by that signal number),
    0 when all ranks ended well, None before the end. ``billing`` is None for jobs that cost
    nothing.
    """

    secondary_status: SecondaryStatus = "Starting"
    failure_reason: str = ""
    exit_code: int | None = None
    failed_rank: int | None = None
    world_size: int = 0
    launcher: str = ""
    notes: tuple[str, ...] = ()
    transitions: tuple[Transition, ...] = field(default_factory=tuple)
    billing: Billing | None = None

    @property
    def status(self) -> JobStatus:
        """The primary status, derived from ``secondary_status``."""
        return status_of(self.secondary_status)

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in TERMINAL

    @property
    def started_seconds(self) -> float | None:
        """When training processes were started, or None."""
        times = [t.start_seconds for t in self.transitions if t.secondary_status == "Training"]
        return times[0] if times else None

    @property
    def ended_seconds(self) -> float | None:
        """When the job reached its terminal status, or None."""
        return self.transitions[-1].start_seconds if self.terminal and self.transitions else None

    def enter(self, secondary_status: SecondaryStatus, now: float, **changes: Any) -> Self:
        """Return the state after moving to ``secondary_status`` at ``now``."""
        step = Transition(secondary_status=secondary_status, start_seconds=now)
        return replace(
            self,
            secondary_status=secondary_status,
            transitions=(*self.transitions, step),
            **changes,
        )

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict; ``status`` is included for readers in other languages."""
        return {"status": self.status, **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild the state from :meth:`to_json`'s form; unknown keys are ignored."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        known["notes"] = tuple(known.get("notes", ()))
        known["transitions"] = tuple(Transition(**t) for t in known.get("transitions", ()))
        if known.get("billing") is not None:
            known["billing"] = Billing.from_json(known["billing"])
        return cls(**known)
