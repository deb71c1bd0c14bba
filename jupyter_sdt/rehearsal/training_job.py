"""The life of one rehearsed job: phases with their times, and what DescribeTrainingJob says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.spec.job_status import status_of

# Phases in which the instances are there; they are billed from the first of them on.
_BILLED = ("Downloading", "Training", "Uploading")
# As the service words them.
_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Pending": "Waiting for instances",
    "Training": "Training image download completed. Training in progress.",
    "Restarting": "Restarting the training job after an internal error",
    "Interrupted": "Training job interrupted due to spot capacity",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Resource limits exceeded: training ran longer than MaxRuntimeInSeconds",
    "MaxWaitTimeExceeded": "Resource limits exceeded: MaxWaitTimeInSeconds passed",
}
# Of the request, what a description repeats.
_REPEATED = (
    *("AlgorithmSpecification", "RoleArn", "HyperParameters", "InputDataConfig", "VpcConfig"),
    *("OutputDataConfig", "ResourceConfig", "StoppingCondition", "CheckpointConfig", "Environment"),
    *("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "RetryStrategy"),
    *("EnableManagedSpotTraining", "ProfilerConfig", "DebugHookConfig", "ExperimentConfig"),
)


def check_phase(word: str) -> None:
    """Raise SpecError for a phase that no job can be in."""
    if word not in _MESSAGES:
        known = ", ".join(_MESSAGES)
        raise SpecError(
            f"phase={word!r} must be one of {known}{did_you_mean(word, _MESSAGES)}",
            argument="phase",
        )


def now() -> datetime:
    """The present moment, as the service writes times."""
    return datetime.now(UTC)


@dataclass
class RehearsedJob:
    """What the service knows of a job. Written by its own thread, read by every call.

    The attributes in lower case are those that moto's ListTrainingJobs and ListTags look for.
    """

    request: Mapping[str, Any]
    arn: str
    spot_share: float
    stop_asked: threading.Event = field(default_factory=threading.Event)
    interrupt_asked: threading.Event = field(default_factory=threading.Event)
    failure_asked: threading.Event = field(default_factory=threading.Event)
    creation_time: datetime = field(default_factory=now)
    last_modified_time: datetime = field(default_factory=now)
    training_end_time: datetime | None = None
    secondary_status: str = ""
    failure_reason: str = ""
    training_seconds: float = 0.0
    tags: list[dict[str, str]] = field(default_factory=list)
    final_metrics: Callable[[], list[dict[str, Any]]] = list
    # The warm pool: how long instances are kept, who took them and when.
    keep_alive_seconds: int | None = None
    reused_by: str = ""
    reused_time: datetime | None = None
    _phases: list[dict[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.tags.extend(self.request.get("Tags", ()))
        self.keep_alive_seconds = self.request["ResourceConfig"].get("KeepAlivePeriodInSeconds")
        self.enter("Starting")

    @property
    def training_job_name(self) -> str:
        """Its name."""
        return str(self.request["TrainingJobName"])

    @property
    def training_job_status(self) -> str:
        """InProgress, Completed, Failed, Stopping or Stopped."""
        if self.stop_asked.is_set() and not self.ended:
            return "Stopping"
        return status_of(self.secondary_status)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.training_end_time is not None

    @property
    def spot(self) -> bool:
        """Whether it runs on capacity that may be taken away."""
        return bool(self.request.get("EnableManagedSpotTraining"))

    def enter(self, word: str, reason: str = "") -> None:
        """Begin a phase; the one before it ends now."""
        with self._lock:
            moment = now()
            if self._phases:
                last = self._phases[-1]
                last["EndTime"] = moment
                if last["Status"] in _BILLED:
                    self.training_seconds += (moment - last["StartTime"]).total_seconds()
            message = f"{_MESSAGES[word]}: {reason}" if reason else _MESSAGES[word]
            self._phases.append({"Status": word, "StartTime": moment, "StatusMessage": message})
            self.secondary_status, self.last_modified_time = word, moment
            if status_of(word) in ("Completed", "Failed", "Stopped"):
                self._phases[-1]["EndTime"] = self.training_end_time = moment
                self.failure_reason = reason if word == "Failed" else ""

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeTrainingJob."""
        with self._lock:
            told = {name: self.request[name] for name in _REPEATED if name in self.request}
            return {
                "TrainingJobName": self.training_job_name,
                "TrainingJobArn": self.arn,
                "TrainingJobStatus": self.training_job_status,
                "SecondaryStatus": self.secondary_status,
                "SecondaryStatusTransitions": [dict(phase) for phase in self._phases],
                "CreationTime": self.creation_time,
                "LastModifiedTime": self.last_modified_time,
                **told,
                **self._end(),
            }

    def _end(self) -> dict[str, Any]:
        began = [phase["StartTime"] for phase in self._phases if phase["Status"] in _BILLED]
        told: dict[str, Any] = {"TrainingStartTime": began[0]} if began else {}
        if not self.ended:
            return told
        told["TrainingEndTime"] = self.training_end_time
        if self.failure_reason:
            told["FailureReason"] = self.failure_reason
        if began:
            seconds = max(1, round(self.training_seconds))
            share = self.spot_share if self.spot else 1.0
            told |= {"TrainingTimeInSeconds": seconds}
            told |= {"BillableTimeInSeconds": max(1, round(seconds * share))}
            told["FinalMetricDataList"] = self.final_metrics()
        if self.secondary_status == "Completed":
            root = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
            place = f"{root}/{self.training_job_name}/output"
            loose = self.request["OutputDataConfig"].get("CompressionType") == "NONE"
            model = f"{place}/model/" if loose else f"{place}/model.tar.gz"
            told["ModelArtifacts"] = {"S3ModelArtifacts": model}
        return told
