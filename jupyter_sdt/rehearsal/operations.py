"""Our training jobs in moto's server: its handlers of their calls are replaced by ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse
from moto.s3.models import s3_backends
from moto.sagemaker.exceptions import SagemakerClientError
from moto.sagemaker.responses import SageMakerResponse
from moto.servicequotas.responses import ServiceQuotasResponse

from jupyter_sdt.rehearsal.account import TrainingJobs
from jupyter_sdt.rehearsal.gate import replaced
from jupyter_sdt.rehearsal.refusals import RefusedError, check_buckets, check_request

_moto_search = SageMakerResponse.search
# Account, region and the table that moto lists from -> our jobs there.
Find = Callable[[str, str, dict[str, Any]], TrainingJobs]
_OPERATIONS = {
    **{name: f"{name}_training_job" for name in ("create", "describe", "stop", "update", "delete")},
    "list": "list_training_jobs",
    "search": "search",
}


# Each has a quota of its own, which is the same here.
_USES = ("training job", "spot training job", "training warm pool")


@dataclass(frozen=True)
class Handlers:
    """What moto calls instead of its own methods; each gets moto's response object."""

    find: Find

    def create(self, response: SageMakerResponse) -> ActionResult:
        """CreateTrainingJob."""
        request = json.loads(response.body)
        trust = _trust(response.current_account, str(request.get("RoleArn", "")))
        check_request(request)
        check_buckets(request, _bucket_regions(response.current_account), response.region)
        return ActionResult({"TrainingJobArn": self._here(response).create(request, trust).arn})

    def describe(self, response: SageMakerResponse) -> ActionResult:
        """DescribeTrainingJob."""
        name = json.loads(response.body)["TrainingJobName"]
        return ActionResult(self._here(response).describe(name))

    def stop(self, response: SageMakerResponse) -> ActionResult:
        """StopTrainingJob."""
        self._here(response).stop(json.loads(response.body)["TrainingJobName"])
        return ActionResult({})

    def list(self, response: SageMakerResponse) -> ActionResult:
        """ListTrainingJobs."""
        return ActionResult(self._here(response).list(json.loads(response.body or "{}")))

    def search(self, response: SageMakerResponse) -> ActionResult:
        """Search, for training jobs; moto itself looks for everything else."""
        request = json.loads(response.body or "{}")
        if request.get("Resource") == "TrainingJob":
            return ActionResult(self._here(response).search(request))
        found: ActionResult = _moto_search(response)
        return found

    def update(self, response: SageMakerResponse) -> ActionResult:
        """UpdateTrainingJob."""
        job = self._here(response).update(json.loads(response.body))
        return ActionResult({"TrainingJobArn": job.arn})

    def delete(self, response: SageMakerResponse) -> ActionResult:
        """DeleteTrainingJob."""
        self._here(response).delete(json.loads(response.body)["TrainingJobName"])
        return ActionResult({})

    def answer(self, name: str, response: SageMakerResponse) -> ActionResult:
        """Call one of the above; what it refuses becomes the error of the service."""
        try:
            self._here(response).throttle()
            answered: ActionResult = getattr(self, name)(response)
        except RefusedError as refused:
            raise SagemakerClientError(refused.code, refused.message) from None
        return answered

    def _here(self, response: SageMakerResponse) -> TrainingJobs:
        backend = response.sagemaker_backend
        return self.find(response.current_account, response.region, backend.training_jobs)


@contextmanager
def training_jobs_in_moto(
    find: Find, quotas: Mapping[str, int], denied: Collection[str]
) -> Iterator[None]:
    """Answer calls for training jobs, their quotas and permissions ourselves while this is open."""
    handlers = Handlers(find)
    with ExitStack() as stack:
        for name, operation in _OPERATIONS.items():
            # A function, not a partial: as an attribute of moto's class it is called as a method.
            def method(response: SageMakerResponse, name: str = name) -> ActionResult:
                return handlers.answer(name, response)

            stack.enter_context(replaced(SageMakerResponse, operation, method))
        told = _quotas_as_told(quotas)
        stack.enter_context(replaced(ServiceQuotasResponse, "list_service_quotas", told))
        simulated = _simulated(denied)
        stack.enter_context(replaced(IamResponse, "simulate_principal_policy", simulated))
        for operation in ("describe_images", "batch_get_image"):
            stack.enter_context(replaced(ECRResponse, operation, _own_images_only(operation)))
        yield


def _quotas_as_told(quotas: Mapping[str, int]) -> Callable[[ServiceQuotasResponse], str]:
    def list_service_quotas(response: ServiceQuotasResponse) -> str:
        known = quotas if json.loads(response.body).get("ServiceCode") == "sagemaker" else {}
        listed = [
            {"QuotaName": f"{kind} for {use} usage", "Value": float(count)}
            for kind, count in known.items()
            for use in _USES
        ]
        return json.dumps({"Quotas": listed})

    return list_service_quotas


def _simulated(denied: Collection[str]) -> Callable[[IamResponse], ActionResult]:
    """SimulatePrincipalPolicy: everybody may do everything but what is denied to all."""

    def simulate_principal_policy(response: IamResponse) -> ActionResult:
        actions = response._get_param("ActionNames", [])
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": "*",
                "EvalDecision": (
                    "implicitDeny" if action.rpartition(":")[2] in denied else "allowed"
                ),
            }
            for action in actions
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    return simulate_principal_policy


def _own_images_only(operation: str) -> Callable[[ECRResponse], Any]:
    """Repositories that nobody has made here are those of others, which may not be looked at."""
    before = getattr(ECRResponse, operation)

    def looked_up(response: ECRResponse) -> Any:
        name = json.loads(response.body)["repositoryName"]
        if name not in response.ecr_backend.repositories:
            raise JsonRESTError(
                "AccessDeniedException", f"User is not authorized to look into {name}"
            )
        return before(response)

    return looked_up


def _bucket_regions(account: str) -> dict[str, str]:
    """Names of the buckets, and the region of each."""
    buckets = s3_backends[account]["aws"].buckets
    return {name: str(bucket.region_name) for name, bucket in buckets.items()}


def _trust(account: str, role_arn: str) -> str | None:
    backend = iam_backends[account]["aws"]
    roles = {role.arn: role for role in backend.roles.values()}
    role = roles.get(role_arn)
    return None if role is None else str(role.assume_role_policy_document)
