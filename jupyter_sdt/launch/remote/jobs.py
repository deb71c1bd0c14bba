"""The training jobs of an account, whoever started them: listed, page by page.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, get_args

from jupyter_sdt.errors import LaunchError, SpecError, did_you_mean
from jupyter_sdt.launch.remote.service import Service, find_region, require_boto3
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.spec.job_status import JobStatus

_STATUSES: tuple[str, ...] = get_args(JobStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteJob:
    """One job as ListTrainingJobs tells it. Times are seconds since the epoch.

    ``warm_pool`` is the status of the instances it keeps, empty where it keeps none.
    """

    name: str
    status: str
    created_seconds: float
    ended_seconds: float | None = None
    secondary_status: str = ""
    warm_pool: str = ""


def list_remote_jobs(
    *,
    name: str = "",
    status: str = "",
    since_seconds: float | None = None,
    most: int = 20,
    region: str | None = None,
) -> list[RemoteJob]:
    """Return the account's newest training jobs, newest first.

    ``name`` is a part of their names, ``since_seconds`` the earliest creation, counted from the
    epoch. ``region`` defaults to that of the environment. Raises SpecError for an unknown status,
    LaunchError when AWS cannot be asked.
    """
    if status and status not in _STATUSES:
        known = ", ".join(_STATUSES)
        hint = did_you_mean(status, _STATUSES)
        raise SpecError(f"status={status!r} must be one of {known}{hint}", argument="status")
    require_boto3()
    service = Service(region or find_region())
    asked = _filters(name, status, since_seconds)
    try:
        return list(islice(_jobs(service, asked, min(most, 100)), most))
    except LaunchError:
        raise
    except Exception as error:  # noqa: BLE001 - one sentence for whatever boto3 raises
        raise explain(error, resource="the training jobs of your account") from None


def _filters(name: str, status: str, since_seconds: float | None) -> dict[str, Any]:
    since = None if since_seconds is None else datetime.fromtimestamp(since_seconds, UTC)
    given = {"NameContains": name, "StatusEquals": status, "CreationTimeAfter": since}
    newest_first = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    return newest_first | {key: value for key, value in given.items() if value}


def _jobs(service: Service, asked: Mapping[str, Any], size: int) -> Iterator[RemoteJob]:
    pages = service.client("sagemaker").get_paginator("list_training_jobs")
    found = pages.paginate(**asked, PaginationConfig={"PageSize": size})
    for told in (job for page in found for job in page["TrainingJobSummaries"]):
        ended = told.get("TrainingEndTime")
        yield RemoteJob(
            name=told["TrainingJobName"],
            status=told["TrainingJobStatus"],
            created_seconds=told["CreationTime"].timestamp(),
            ended_seconds=ended.timestamp() if ended else None,
            secondary_status=told.get("SecondaryStatus", ""),
            warm_pool=told.get("WarmPoolStatus", {}).get("Status", ""),
        )
