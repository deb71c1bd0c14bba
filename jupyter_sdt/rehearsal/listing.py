"""ListTrainingJobs: filters, order and pages.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from jupyter_sdt.rehearsal.refusals import RefusedError
from jupyter_sdt.rehearsal.training_job import RehearsedJob
from jupyter_sdt.rehearsal.warm_pools import pool_status

_MOST = 100
_KEYS: Mapping[str, Callable[[RehearsedJob], Any]] = {
    "CreationTime": lambda job: job.creation_time,
    "Name": lambda job: job.training_job_name,
    "Status": lambda job: job.training_job_status,
}


def listed(jobs: Iterable[RehearsedJob], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of summaries, and the token of the next. Raises RefusedError."""
    fitting = [job for job in jobs if _fits(job, request)]
    key = _KEYS[request.get("SortBy", "CreationTime")]
    fitting.sort(key=key, reverse=request.get("SortOrder") == "Descending")
    first, most = _place(request)
    page = {"TrainingJobSummaries": [_summary(job) for job in fitting[first : first + most]]}
    more = first + most < len(fitting)
    return {**page, "NextToken": str(first + most)} if more else page


def _place(request: Mapping[str, Any]) -> tuple[int, int]:
    token, most = str(request.get("NextToken") or "0"), int(request.get("MaxResults") or 10)
    if not token.isdecimal():
        raise RefusedError("ValidationException", "Invalid pagination token.")
    if not 1 <= most <= _MOST:
        raise RefusedError(
            "ValidationException", f"Value '{most}' at 'maxResults' must be from 1 to {_MOST}"
        )
    return int(token), most


def _fits(job: RehearsedJob, request: Mapping[str, Any]) -> bool:
    wanted = request.get("WarmPoolStatusEquals")
    return all(
        (
            str(request.get("NameContains") or "") in job.training_job_name,
            request.get("StatusEquals") in (None, job.training_job_status),
            _between(job.creation_time, "CreationTime", request),
            _between(job.last_modified_time, "LastModifiedTime", request),
            wanted is None or (pool_status(job) or {}).get("Status") == wanted,
        )
    )


def _between(moment: datetime, name: str, request: Mapping[str, Any]) -> bool:
    after, before = (request.get(f"{name}{word}") for word in ("After", "Before"))
    late_enough = after is None or moment > datetime.fromtimestamp(after, UTC)
    return late_enough and (before is None or moment < datetime.fromtimestamp(before, UTC))


def _summary(job: RehearsedJob) -> dict[str, Any]:
    told = {
        "TrainingJobName": job.training_job_name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.creation_time,
        "LastModifiedTime": job.last_modified_time,
        "TrainingEndTime": job.training_end_time,
        "TrainingJobStatus": job.training_job_status,
        "SecondaryStatus": job.secondary_status,
        "WarmPoolStatus": pool_status(job),
    }
    return {name: value for name, value in told.items() if value is not None}
