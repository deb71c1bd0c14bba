"""Our training jobs in moto's server: its handlers of these four calls are replaced by ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sagemaker.exceptions import SagemakerClientError
from moto.sagemaker.responses import SageMakerResponse

from jupyter_sdt.rehearsal.account import TrainingJobs
from jupyter_sdt.rehearsal.refusals import RefusedError

# Account, region and the table that moto lists from -> our jobs there.
Find = Callable[[str, str, dict[str, Any]], TrainingJobs]


@contextmanager
def training_jobs_in_moto(find: Find) -> Iterator[None]:
    """Answer calls for training jobs ourselves while this is open."""

    def here(response: SageMakerResponse) -> TrainingJobs:
        backend = response.sagemaker_backend
        return find(response.current_account, response.region, backend.training_jobs)

    def create(response: SageMakerResponse) -> ActionResult:
        request = json.loads(response.body)
        trust = _trust(response.current_account, str(request.get("RoleArn", "")))
        return ActionResult({"TrainingJobArn": here(response).create(request, trust).arn})

    def describe(response: SageMakerResponse) -> ActionResult:
        name = json.loads(response.body)["TrainingJobName"]
        return ActionResult(here(response).find(name).describe())

    def stop(response: SageMakerResponse) -> ActionResult:
        here(response).stop(json.loads(response.body)["TrainingJobName"])
        return ActionResult({})

    def answering(handler: Callable[[SageMakerResponse], ActionResult]) -> Callable[..., Any]:
        def answer(response: SageMakerResponse) -> ActionResult:
            try:
                here(response).throttle()
                return handler(response)
            except RefusedError as refused:
                raise SagemakerClientError(refused.code, refused.message) from None

        return answer

    with ExitStack() as stack:
        for name, handler in {"create": create, "describe": describe, "stop": stop}.items():
            method = f"{name}_training_job"
            stack.enter_context(_replaced(SageMakerResponse, method, answering(handler)))
        yield


@contextmanager
def _replaced(owner: type, name: str, value: Any) -> Iterator[None]:
    before = owner.__dict__.get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is None:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def _trust(account: str, role_arn: str) -> str | None:
    backend = iam_backends[account]["aws"]
    roles = {role.arn: role for role in backend.roles.values()}
    role = roles.get(role_arn)
    return None if role is None else str(role.assume_role_policy_document)
