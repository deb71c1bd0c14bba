"""What happens to a job from its creation to its end, in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jupyter_sdt.errors import SdtError
from jupyter_sdt.rehearsal.conditions import Conditions
from jupyter_sdt.rehearsal.container import Container
from jupyter_sdt.rehearsal.storage import Storage
from jupyter_sdt.rehearsal.training_job import RehearsedJob, now
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.metric_reader import MetricReader

_POLL_SECONDS = 0.05
# How instances go away: spot capacity is taken, or the service fails.
_Gone = Literal["Interrupted", "Restarting"]
_INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


@dataclass
class Course:
    """Takes one job through its phases."""

    job: RehearsedJob
    storage: Storage
    folder: Path
    conditions: Conditions
    warm: bool = False  # on instances that another job has left
    _interrupted: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)

    def run(self) -> None:
        """Never raises: whatever goes wrong is the job's failure."""
        try:
            if self.warm or self._wait_for_instances():
                self._train(attempt=0)
            else:
                self.job.enter("Stopped")
        except SdtError as error:
            self.job.enter("Failed", f"ClientError: {error}")
        except Exception as error:  # noqa: BLE001 - boto3's errors, a full disk: told, not hidden
            self.job.enter("Failed", f"InternalServerError: {type(error).__name__}: {error}")

    def _wait_for_instances(self) -> bool:
        """Whether they came; False when somebody stopped the job meanwhile."""
        if pending := self.conditions.pending_seconds:
            self.job.enter("Pending")
            if not self._pause(pending):
                return False
            self.job.enter("Starting")
        return self._pause(self.conditions.starting_seconds)

    def _train(self, attempt: int) -> None:
        container = Container(
            request=self.job.request,
            storage=self.storage,
            folder=self.folder / str(attempt),
            most_processes=self.conditions.most_processes,
            stop_seconds=self.conditions.stop_seconds,
        )
        self.job.enter("Downloading")
        container.download()
        self.job.enter("Training", container.shortcomings())
        container.start()
        self.job.final_metrics = lambda: list(_final_metrics(container, self.job.request))
        state, gone = self._follow(container)
        container.sync_checkpoints(ended=True)
        if gone is None or self.job.stop_asked.is_set():
            self._finish(container, state)
        elif gone == "Interrupted":
            self._begin_again(attempt)
        else:
            self._restart(attempt)

    def _follow(self, container: Container) -> tuple[JobState, _Gone | None]:
        """Wait for the container's end; returns it, and how its instances went away, if so."""
        began, stopping, gone = time.monotonic(), False, None
        while not (state := container.poll()).terminal:
            container.sync_checkpoints()
            if not stopping:
                gone = self._gone(time.monotonic() - began)
                stopping = gone is not None or self.job.stop_asked.is_set()
                if stopping:
                    container.stop()
            time.sleep(_POLL_SECONDS)
        return state, gone

    def _gone(self, trained_seconds: float) -> _Gone | None:
        if self.job.failure_asked.is_set():
            self.job.failure_asked.clear()
            return "Restarting"
        after = self.conditions.interrupt_after_seconds
        due = after is not None and trained_seconds >= after
        taken = self.job.spot and (due or self.job.interrupt_asked.is_set())
        return "Interrupted" if taken and not self._interrupted else None

    def _restart(self, attempt: int) -> None:
        """After a failure of the service, as often as RetryStrategy allows."""
        allowed = self.job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        self._failures += 1
        if self._failures > allowed:
            self.job.enter("Failed", _INTERNAL)
            return
        self.job.enter("Restarting")
        self._train(attempt + 1)

    def _begin_again(self, attempt: int) -> None:
        self._interrupted = True
        self.job.enter("Interrupted")
        waiting = (
            now() - self.job.creation_time
        ).total_seconds() + self.conditions.capacity_seconds
        if waiting > self.job.request["StoppingCondition"]["MaxWaitTimeInSeconds"]:
            self.job.enter("MaxWaitTimeExceeded")
            return
        if not self._pause(self.conditions.capacity_seconds):
            self.job.enter("Stopped")
            return
        self.job.enter("Starting")
        self._train(attempt + 1)

    def _finish(self, container: Container, state: JobState) -> None:
        """What a stopped job has in its model folder is uploaded, too."""
        if state.status == "Failed":
            self.job.enter("Failed", container.failure(state))
            return
        self.job.enter("Uploading")
        container.upload()
        self.job.enter("Stopped" if self.job.stop_asked.is_set() else state.secondary_status)

    def _pause(self, seconds: float) -> bool:
        """Wait; False when somebody stopped the job meanwhile."""
        return not self.job.stop_asked.wait(seconds)


def _final_metrics(container: Container, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The last value of each metric that the request defines."""
    last: dict[str, tuple[float, float]] = {}
    for record in (r for part in container.parts for r in MetricReader(part.directory).read()):
        if record.source == "regex":
            for name, value in record.values.items():
                if value is not None:
                    last[name] = (value, record.time)
    for metric in request["AlgorithmSpecification"].get("MetricDefinitions", ()):
        if found := last.get(metric["Name"]):
            yield {"MetricName": metric["Name"], "Value": found[0], "Timestamp": found[1]}
