"""What a job on ``ml.*`` instances would send, computed without a call to AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.remote.bundle import PROGRAM, program, runtime_fits
from jupyter_sdt.launch.remote.places import check_default_buckets
from jupyter_sdt.launch.remote.request_limits import check_limits
from jupyter_sdt.launch.remote.service import region_of
from jupyter_sdt.launch.remote.training_image import training_image
from jupyter_sdt.launch.remote.training_request import ACCOUNT, Place, training_request
from jupyter_sdt.spec.job_spec import JobSpec


def check_remote(spec: JobSpec) -> None:
    """Raise SpecError or LaunchError for what this version cannot do on ``ml.*`` instances."""
    if spec.variables_out:
        raise SpecError(
            f"variables_out={list(spec.variables_out)}: values are not brought back from "
            f"{spec.instance_type}; save them in the folder that SM_MODEL_DIR names, they end up "
            "in model.tar.gz",
            argument="variables_out",
        )
    if spec.hyperparameter_style != "sagemaker":
        raise SpecError(
            f"hyperparameter_style={spec.hyperparameter_style!r}: the training image makes the "
            "arguments, in style 'sagemaker' only",
            argument="hyperparameter_style",
        )
    if spec.hang_seconds is not None:
        raise SpecError(
            f"hang_seconds={spec.hang_seconds:g} watches local ranks only; use max_run",
            argument="hang_seconds",
        )
    if spec.max_restarts:
        raise SpecError(
            f"max_restarts={spec.max_restarts} restarts local ranks only; use max_retry_attempts",
            argument="max_restarts",
        )


def plan_remote(spec: JobSpec, account: str = ACCOUNT) -> LaunchPlan:
    """Return the plan with its whole request. Raises SpecError or LaunchError."""
    check_remote(spec)
    region = region_of(spec)
    place = Place(region=region, program=program(spec), account=account)
    request = training_request(spec, place)
    check_limits(request)
    check_default_buckets(request, region)
    return LaunchPlan(
        job_name=spec.job_name,
        launcher="sagemaker",
        world_size=spec.world_size,
        notes=_notes(spec, place, request),
        request=request,
    )


def followed_plan(spec: JobSpec) -> LaunchPlan:
    """Return the plan of a job that was submitted before: it is followed, nothing is sent."""
    return LaunchPlan(
        job_name=spec.job_name,
        launcher="sagemaker",
        world_size=spec.world_size,
        notes=(f"region {spec.sagemaker['region']}", "submitted before, followed from here"),
    )


def needs_account(request: Mapping[str, Any]) -> bool:
    """Whether a request cannot be sent without knowing the account."""
    return ACCOUNT in json.dumps(request)


def _notes(spec: JobSpec, place: Place, request: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [f"region {place.region}"]
    if needs_account(request):
        notes.append(f"{ACCOUNT} is filled in when the job starts")
    if note := training_image(spec, place.region).note:
        notes.append(note)
    if place.program == PROGRAM:
        notes.append(f"{PROGRAM} runs {spec.entry_point} through our runtime (autolog, --in)")
    elif not runtime_fits(spec):
        notes.append("the image's Python is older than 3.11: jupyter_sdt.runtime is not there")
    return tuple(notes)
