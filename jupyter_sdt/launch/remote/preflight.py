"""What a job on ``ml.*`` instances needs of the account, looked at before anything is sent.

Nothing is created or changed. What the caller may not look at is said to be unknown, with the
permission that would allow it; it need not be wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, Literal
from urllib.parse import unquote

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.described_spec import instances_of
from jupyter_sdt.launch.remote.image_lookup import why_missing
from jupyter_sdt.launch.remote.places import places
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.launch.remote.service_errors import explain, kind_of
from jupyter_sdt.launch.remote.training_request import ACCOUNT, split_s3

_QUOTAS = "https://console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas"
_TRUST = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is right, and what to know or to do."""

    what: str
    state: Literal["ok", "wrong", "unknown"]
    said: str


def preflight(request: Mapping[str, Any], service: Service) -> Iterator[Finding]:
    """Yield a finding for each part of a CreateTrainingJob request that needs the account.

    Without valid credentials there is only one.
    """
    credentials, number = _credentials(service)
    yield credentials
    if not number:
        return
    # Without output_path, the bucket that is named after the account is made where it is missing.
    made = {split_s3(_filled(uri, number))[0] for uri in places(request).values() if ACCOUNT in uri}
    request = json.loads(_filled(json.dumps(request), number))
    yield _look("role", "the role", lambda: _role(request["RoleArn"], service))
    for argument, uri in places(request).items():
        bucket = split_s3(uri)[0]
        missing = _made_later(bucket) if bucket in made else _no_bucket(bucket, argument)
        yield _look(f"bucket {bucket}", bucket, partial(_bucket, bucket, service, missing))
    for (what, use), (kind, count) in product(_uses(request), instances_of(request).items()):
        yield _look(what, kind, partial(_quota, (what, use), (kind, count), service))
    image = str(request["AlgorithmSpecification"].get("TrainingImage", ""))
    if image:
        yield _look("image", image, lambda: _image(image, service))
    if network := request.get("VpcConfig"):
        resource = f"the network of {', '.join(network['Subnets'])}"
        yield _look("network", resource, lambda: _network(network, service))


def _filled(text: str, account: str) -> str:
    """A plan leaves the account open where the request needs it."""
    return text.replace(ACCOUNT, account)


def _look(what: str, resource: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except LaunchError as error:
        return Finding(what, "unknown", str(error))
    except Exception as error:  # noqa: BLE001 - every answer of AWS is a finding
        told = str(explain(error, resource=resource))
        wrong = kind_of(error) in ("credentials", "missing", "unreachable")
        return Finding(what, "wrong" if wrong else "unknown", told)


def _credentials(service: Service) -> tuple[Finding, str]:
    """Return the finding, and the number of the account; empty without valid credentials."""
    try:
        # The first call tells whether AWS is there at all, and nobody waits minutes for that.
        identity = replace(service, patient=False).identity()
    except Exception as error:  # noqa: BLE001 - nobody needs a permission for this call
        # A LaunchError says that no client can be made: a profile that is not there.
        told = error if isinstance(error, LaunchError) else explain(error, resource="AWS")
        return Finding("credentials", "wrong", str(told)), ""
    said = f"account {identity['Account']} as {identity['Arn']}, region {service.region}"
    return Finding("credentials", "ok", said), str(identity["Account"])


def _role(arn: str, service: Service) -> Finding:
    policy = service.role(arn.rpartition("/")[2])["AssumeRolePolicyDocument"]
    text = unquote(policy) if isinstance(policy, str) else json.dumps(policy)
    if "sagemaker.amazonaws.com" in text:
        return Finding("role", "ok", f"{arn} trusts SageMaker")
    fix = f"add the principal sagemaker.amazonaws.com to its trust policy, {_TRUST}"
    return Finding("role", "wrong", f"{arn} does not trust SageMaker: {fix}")


def _made_later(name: str) -> Finding:
    said = "is made when the job starts, which needs s3:CreateBucket"
    return Finding(f"bucket {name}", "ok", said)


def _no_bucket(name: str, argument: str) -> Finding:
    return Finding(f"bucket {name}", "wrong", f"does not exist; {argument} must name one that does")


def _bucket(name: str, service: Service, missing: Finding) -> Finding:
    try:
        region = service.bucket_region(name)
    except Exception as error:
        if kind_of(error) != "missing":
            raise
        return missing
    if region == service.region:
        return Finding(f"bucket {name}", "ok", f"in {region}")
    said = f"is in {region}, the job in {service.region}: SageMaker needs both in one region"
    return Finding(f"bucket {name}", "wrong", said)


def _uses(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What instances are wanted for, each with a quota of its own."""
    spot = bool(request.get("EnableManagedSpotTraining"))
    uses = [("quota", "spot training job" if spot else "training job")]
    if request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
        uses.append(("warm pool quota", "training warm pool"))
    return uses


def _quota(use: tuple[str, str], wanted: tuple[str, int], service: Service) -> Finding:
    (what, purpose), (kind, count) = use, wanted
    allowed = service.quota(kind, purpose)
    if allowed is None:
        return Finding(what, "unknown", f"Service Quotas lists no {kind} for {purpose} usage")
    if allowed >= count:
        return Finding(what, "ok", f"{allowed:g} of {kind}, {count} needed")
    return Finding(what, "wrong", f"{allowed:g} of {kind}, {count} needed: ask at {_QUOTAS}")


def _image(uri: str, service: Service) -> Finding:
    reason = why_missing(uri, service)
    return Finding("image", "wrong", f"{uri}: {reason}") if reason else Finding("image", "ok", uri)


def _network(network: Mapping[str, Any], service: Service) -> Finding:
    """Subnets and security groups exist, and are of one VPC."""
    subnets = service.subnets(network["Subnets"])
    zones, clouds = zip(*subnets, strict=True)
    groups = dict(service.security_groups(network["SecurityGroupIds"]))
    if others := {group: cloud for group, cloud in groups.items() if {cloud} != set(clouds)}:
        said = f"subnets are in {', '.join(sorted(set(clouds)))}, security groups in {others}"
        return Finding("network", "wrong", f"{said}: SageMaker needs all in one VPC")
    places = ", ".join(sorted(set(zones)))
    return Finding("network", "ok", f"{clouds[0]}: {len(zones)} subnets in {places}")
