"""Sending a job to SageMaker so that none is lost whose acceptance was lost on the way.

botocore sends a call again when the connection breaks, though the service may have done what it
asked for. A job that exists but that nobody follows would be billed all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.pace import patiently
from jupyter_sdt.launch.remote.service import Service, explained
from jupyter_sdt.launch.remote.service_errors import code_of, explain, kind_of

# By as much the service's clock may be behind ours.
_CLOCKS_DIFFER = timedelta(minutes=5)
# Of a request, what a description repeats word for word.
_REPEATED = ("RoleArn", "HyperParameters")


def create_job(service: Service, request: Mapping[str, Any]) -> None:
    """Send CreateTrainingJob; one of too many calls is sent again. Raises LaunchError."""
    resource = f"the training job {request['TrainingJobName']}"
    began = datetime.now(UTC) - _CLOCKS_DIFFER
    with explained(resource):
        try:
            patiently(partial(service.create, request), lambda e: kind_of(e) == "throttled")
        except LaunchError:
            raise
        except Exception as error:
            if not _may_be_there(error) or not _is_there(service, request, began, error):
                raise


def _may_be_there(error: Exception) -> bool:
    """Whether an answer was lost: a later try finds the name taken, or none was answered at all."""
    if code_of(error) == "ResourceInUse":
        response: dict[str, Any] = getattr(error, "response", {})
        return bool(response.get("ResponseMetadata", {}).get("RetryAttempts"))
    return kind_of(error) == "unreachable"


def _is_there(
    service: Service, request: Mapping[str, Any], began: datetime, lost: Exception
) -> bool:
    """Whether the service holds the job that was asked for, made since ``began``."""
    name = request["TrainingJobName"]
    try:
        told = service.describe(name)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing could be learnt
        if kind_of(error) == "missing":
            return False
        unknown = explain(lost, resource=f"the training job {name}")
        raise LaunchError(
            f"{unknown}; whether it was made is not known: %sdt_jobs --remote --name {name} tells"
        ) from None
    same = all(told.get(part) == request.get(part) for part in _REPEATED)
    return same and bool(told["CreationTime"] >= began)
