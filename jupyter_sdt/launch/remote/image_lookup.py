"""Whether the image of a job is in ECR: asked while its source travels, and by ``%sdt_doctor``.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.remote.image_uris import registry_accounts
from jupyter_sdt.launch.remote.lookup import Lookup
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.launch.remote.service_errors import code_of, kind_of, sentence_of
from jupyter_sdt.spec.job_spec import JobSpec

_NOT_THERE = ("ImageNotFoundException", "RepositoryNotFoundException")
_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.-]+/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+)|@(?P<digest>sha256:[0-9a-f]+))"
)


def why_missing(uri: str, service: Service) -> str:
    """Ask ECR for an image; returns why there is none, empty for one that is there.

    Raises LaunchError for an image that is not in ECR, boto3's errors where nobody can tell.
    """
    match = _ECR_IMAGE.fullmatch(uri)
    if match is None:
        raise LaunchError(f"{uri} is not in ECR, where SageMaker takes its images from")
    client = service.client("ecr", match["region"])
    image = {"imageTag": match["tag"]} if match["tag"] else {"imageDigest": match["digest"]}
    asked = {
        "registryId": match["account"],
        "repositoryName": match["repository"],
        "imageIds": [image],
    }
    try:
        client.describe_images(**asked)
    except Exception as error:
        if code_of(error) in _NOT_THERE:
            return sentence_of(error)
        if kind_of(error) != "denied":
            raise
        # Others' images may often be pulled, which takes this call, though not be described.
        return _why_not_pulled(client, asked, error)
    return ""


def image_lookup(spec: JobSpec, request: Mapping[str, Any], region: str) -> Lookup | None:
    """Begin to ask for the image of a request, where that may tell something.

    Images that the user named, and those of accounts that are not AWS's own; what our table names
    is known to be there.
    """
    uri = str(request["AlgorithmSpecification"].get("TrainingImage", ""))
    match = _ECR_IMAGE.fullmatch(uri)
    if match is None:
        return None
    own = "image_uri" in spec.sagemaker or match["account"] not in registry_accounts()
    return Lookup(lambda: _missing(uri, region)) if own else None


def _missing(uri: str, region: str) -> SpecError | None:
    # A session of its own: boto3's make their clients for one thread at a time.
    reason = why_missing(uri, Service(region, patient=False))
    if not reason:
        return None
    return SpecError(
        f"image_uri={uri!r} is not in ECR: {reason}; nothing was started, push the image or name "
        "another",
        argument="image_uri",
    )


def _why_not_pulled(client: Any, asked: Mapping[str, Any], denied: Exception) -> str:
    try:
        answer = client.batch_get_image(**asked)
    except Exception as error:  # noqa: BLE001 - the first refusal is told
        if code_of(error) in _NOT_THERE:
            return sentence_of(error)
        raise denied from None
    failures = answer.get("failures") or ()
    return str(failures[0].get("failureReason", "")) if failures and not answer["images"] else ""
