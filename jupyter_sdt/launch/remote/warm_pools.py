"""Instances kept after a job for the next one: how they are, and for how long.

https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.remote.service import Service, region_of
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec

LONGEST_SECONDS = 21_600  # KeepAlivePeriodInSeconds of the API
_SAID = {
    "InUse": "in use by this job",
    "Available": "available to a job like this one",
    "Reused": "taken over by {job}",
    "Terminated": "gone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmPool:
    """The pool of one job: InUse, Available, Reused or Terminated.

    ``kept_seconds`` were billed for keeping each instance; ``reused_by`` is the job that took them.
    """

    status: str
    reused_by: str = ""
    kept_seconds: float = 0.0

    def __str__(self) -> str:
        said = _SAID.get(self.status, self.status).format(job=self.reused_by or "another job")
        kept = f", {self.kept_seconds:.0f} s billed for keeping it" if self.kept_seconds else ""
        return f"warm pool: {said}{kept}"


def told_pool(described: Mapping[str, Any]) -> WarmPool | None:
    """Return the pool that a description tells of, or None."""
    told = described.get("WarmPoolStatus")
    if not told:
        return None
    return WarmPool(
        status=str(told["Status"]),
        reused_by=str(told.get("ReusedByJob", "")),
        kept_seconds=float(told.get("ResourceRetainedBillableTimeInSeconds") or 0),
    )


def ask_pool(spec: JobSpec) -> WarmPool | None:
    """Ask the service for a job's pool at this moment; None when the job keeps none.

    Raises SpecError for a local job, LaunchError when AWS cannot be asked.
    """
    service = _service_of(spec)
    try:
        return told_pool(service.describe(spec.job_name))
    except LaunchError:
        raise
    except Exception as error:  # noqa: BLE001 - one sentence for whatever boto3 raises
        raise explain(error, resource=f"the training job {spec.job_name}") from None


def update_pool(spec: JobSpec, seconds: int) -> None:
    """Keep a job's instances for ``seconds`` after its end; 0 gives them back.

    Raises SpecError for a local job or another number, LaunchError for what AWS refuses.
    """
    whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    if not whole or not 0 <= seconds <= LONGEST_SECONDS:
        raise SpecError(
            f"seconds={seconds!r} must be an integer from 0 to {LONGEST_SECONDS} (6 hours)",
            argument="seconds",
        )
    service = _service_of(spec)
    try:
        service.client("sagemaker").update_training_job(
            TrainingJobName=spec.job_name, ResourceConfig={"KeepAlivePeriodInSeconds": seconds}
        )
    except LaunchError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise explain(error, resource=f"the warm pool of {spec.job_name}") from None


def _service_of(spec: JobSpec) -> Service:
    if find_instance(spec.instance_type).local:
        raise SpecError(
            f"{spec.job_name} runs on this machine, which has no warm pools of SageMaker",
            argument="job_name",
        )
    return Service(region_of(spec))
