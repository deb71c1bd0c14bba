"""Whether the image of a job is in ECR: asked while its source travels, and by ``%sdt_doctor``.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.remote.image_uris import registry_accounts
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.launch.remote.service_errors import kind_of, sentence_of
from jupyter_sdt.spec.job_spec import JobSpec

# How long a job whose source has arrived waits for the answer at the most.
LONGEST_SECONDS = 1.0
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
        kind = kind_of(error)
        if kind == "missing":
            return sentence_of(error)
        if kind != "denied":
            raise
        # Others' images may often be pulled, which takes this call, though not be described.
        return _why_not_pulled(client, asked, error)
    return ""


class ImageLookup:
    """One question to ECR in a thread of its own; ``check`` says what came of it."""

    def __init__(self, uri: str, region: str) -> None:
        self._uri = uri
        self._region = region
        self._reason = ""
        self._thread = threading.Thread(target=self._ask, daemon=True, name="image lookup")
        self._thread.start()

    def check(self) -> None:
        """Raise SpecError for an image that is not there; whatever cannot be learnt is no reason.

        Waits a second at the most.
        """
        self._thread.join(LONGEST_SECONDS)
        if self._reason:
            raise SpecError(
                f"image_uri={self._uri!r} is not in ECR: {self._reason}; nothing was started, "
                "push the image or name another",
                argument="image_uri",
            )

    def _ask(self) -> None:
        # A session of its own: boto3's make their clients for one thread at a time.
        with contextlib.suppress(Exception):
            self._reason = why_missing(self._uri, Service(self._region, patient=False))


def image_lookup(spec: JobSpec, request: Mapping[str, Any], region: str) -> ImageLookup | None:
    """Begin to ask for the image of a request, where that may tell something.

    Images that the user named, and those of accounts that are not AWS's own; what our table names
    is known to be there.
    """
    uri = str(request["AlgorithmSpecification"].get("TrainingImage", ""))
    match = _ECR_IMAGE.fullmatch(uri)
    if match is None:
        return None
    own = "image_uri" in spec.sagemaker or match["account"] not in registry_accounts()
    return ImageLookup(uri, region) if own else None


def _why_not_pulled(client: Any, asked: Mapping[str, Any], denied: Exception) -> str:
    try:
        answer = client.batch_get_image(**asked)
    except Exception as error:  # noqa: BLE001 - the first refusal is told
        if kind_of(error) == "missing":
            return sentence_of(error)
        raise denied from None
    failures = answer.get("failures") or ()
    return str(failures[0].get("failureReason", "")) if failures and not answer["images"] else ""
