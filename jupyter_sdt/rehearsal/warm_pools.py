"""Instances that stay after a job for the next one that asks for the same.

https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from jupyter_sdt.rehearsal.refusals import RefusedError
from jupyter_sdt.rehearsal.training_job import RehearsedJob, now

_KEEP = "KeepAlivePeriodInSeconds"


def pool_status(job: RehearsedJob, moment: datetime | None = None) -> dict[str, Any] | None:
    """``WarmPoolStatus`` of a job, None for one that keeps no instances."""
    if job.keep_alive_seconds is None:
        return None
    if job.training_end_time is None:
        return {"Status": "InUse"}
    until = job.reused_time or moment or now()
    kept = (until - job.training_end_time).total_seconds()
    told: dict[str, Any] = {
        "ResourceRetainedBillableTimeInSeconds": round(min(kept, job.keep_alive_seconds))
    }
    if job.reused_by:
        return {"Status": "Reused", "ReusedByJob": job.reused_by, **told}
    gone = kept >= job.keep_alive_seconds or job.training_job_status != "Completed"
    return {"Status": "Terminated" if gone else "Available", **told}


def take_over(job: RehearsedJob, others: Iterable[RehearsedJob]) -> bool:
    """Let a new job have the instances of an earlier one; False when none fits."""
    for other in others:
        status = pool_status(other)
        if status and status["Status"] == "Available" and _wanted(other) == _wanted(job):
            other.reused_by, other.reused_time = job.training_job_name, now()
            return True
    return False


def update(job: RehearsedJob, request: Mapping[str, Any]) -> None:
    """UpdateTrainingJob for the warm pool. Raises RefusedError."""
    seconds = request.get("ResourceConfig", {}).get(_KEEP)
    if seconds is None:
        return
    if not 0 <= seconds <= 21_600:
        raise RefusedError(
            "ValidationException",
            f"Value '{seconds}' at 'resourceConfig.keepAlivePeriodInSeconds' failed to satisfy "
            "constraint: Member must have value less than or equal to 21600",
        )
    status = (pool_status(job) or {}).get("Status")
    if status not in ("InUse", "Available"):
        raise RefusedError(
            "ValidationException",
            f"The request was rejected: the warm pool of {job.training_job_name} is "
            f"{status or 'not there'}.",
        )
    job.keep_alive_seconds = seconds


def _wanted(job: RehearsedJob) -> list[Any]:
    """What has to be the same in both requests."""
    request = job.request
    resources = {k: v for k, v in request["ResourceConfig"].items() if k != _KEEP}
    switches = ("EnableInterContainerTrafficEncryption", "EnableNetworkIsolation")
    return [
        request["RoleArn"],
        resources,
        request.get("VpcConfig"),
        *(bool(request.get(name)) for name in switches),
    ]
