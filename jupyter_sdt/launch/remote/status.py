"""What DescribeTrainingJob says, in the words of our own states.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SecondaryStatusTransition.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast, get_args

from jupyter_sdt.launch.backend import Outcome
from jupyter_sdt.spec.job_status import TERMINAL, SecondaryStatus, Transition, status_of

_KNOWN = frozenset(get_args(SecondaryStatus)) - {"Lost"}
_REHEARSED = re.compile(r"rehearsed: .*")
_EXIT_CODE = re.compile(r"ExitCode (-?\d+)|exit code:? (-?\d+)", re.IGNORECASE)


@dataclass(slots=True)
class RemoteStatus:
    """The last description of a job, and the phases not told yet."""

    described: Mapping[str, Any] = field(default_factory=dict)
    _told: int = 0
    _new: list[Transition] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether the service has named an end."""
        return self.described.get("TrainingJobStatus") in TERMINAL

    def update(self, described: Mapping[str, Any]) -> None:
        """Take over a description; phases that are new wait for :meth:`take_new`."""
        self.described = described
        steps = described.get("SecondaryStatusTransitions") or []
        for step in steps[self._told :]:
            word = step.get("Status")
            # The end is entered by whoever collects the results.
            if word in _KNOWN and status_of(word) not in TERMINAL:
                began = _moment(step.get("StartTime")) or time.time()
                self._new.append(Transition(secondary_status=word, start_seconds=began))
        self._told = max(self._told, len(steps))

    def take_new(self) -> tuple[Transition, ...]:
        """Return the phases since the last call."""
        taken, self._new = tuple(self._new), []
        return taken

    def lose(self, reason: str) -> None:
        """The job is not there any more."""
        self.described = {"TrainingJobStatus": "Failed", "FailureReason": reason}

    def outcome(self) -> Outcome:
        """The end, as the service named it."""
        status = str(self.described["TrainingJobStatus"])
        word = str(self.described.get("SecondaryStatus", status))
        # A phase that is no end belongs to a service that is about to say more.
        end = word if word in _KNOWN and status_of(word) in TERMINAL else status
        reason = str(self.described.get("FailureReason", ""))
        return Outcome(
            exit_code=0 if status == "Completed" else _exit_code(reason),
            reason=reason or ("" if status == "Completed" else f"SageMaker says {end}"),
            secondary_status=cast("SecondaryStatus", end),
            ended_seconds=_moment(self.described.get("TrainingEndTime")),
        )


def shortcomings(described: Mapping[str, Any]) -> str:
    """What a rehearsal says it is not like, in the message of a phase; empty on SageMaker."""
    steps = described.get("SecondaryStatusTransitions") or []
    said = (_REHEARSED.search(str(step.get("StatusMessage", ""))) for step in steps)
    return next((match[0] for match in said if match), "")


def closing_notes(described: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what was billed, saved and measured, and where the model lies."""
    notes = []
    trained = described.get("TrainingTimeInSeconds")
    billed = described.get("BillableTimeInSeconds")
    if billed is not None:
        saving = f", {1 - billed / trained:.0%} saved" if trained and billed < trained else ""
        notes.append(f"training seconds {trained}, billable seconds {billed}{saving}")
    measured = described.get("FinalMetricDataList") or []
    notes += [f"final {metric['MetricName']}: {metric['Value']:.6g}" for metric in measured]
    if model := (described.get("ModelArtifacts") or {}).get("S3ModelArtifacts"):
        notes.append(f"model: {model}")
    return tuple(notes)


def _exit_code(reason: str) -> int:
    match = _EXIT_CODE.search(reason)
    return int(next(filter(None, match.groups()))) if match else 1


def _moment(told: object) -> float | None:
    return told.timestamp() if isinstance(told, datetime) else None
