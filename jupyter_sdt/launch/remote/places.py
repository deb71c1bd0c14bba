"""The places in S3 that a job reads and writes, which must lie in its region.

https://docs.aws.amazon.com/sagemaker/latest/dg/train-data-s3.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.lookup import Lookup
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.launch.remote.service_errors import kind_of
from jupyter_sdt.launch.remote.training_request import split_s3

# The bucket that SageMaker's SDK makes in each region.
_DEFAULT_BUCKET = re.compile(
    r"sagemaker-(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)-(?:\d{12}|\{account\})"
)


def places(request: Mapping[str, Any]) -> dict[str, str]:
    """Return one place of each bucket, with the Estimator's argument that names it."""
    sources = {
        f"inputs[{channel['ChannelName']!r}]": channel["DataSource"].get("S3DataSource", {})
        for channel in request.get("InputDataConfig", ())
    }
    named = {
        "output_path": request["OutputDataConfig"]["S3OutputPath"],
        "checkpoint_s3_uri": request.get("CheckpointConfig", {}).get("S3Uri"),
        **{argument: source.get("S3Uri") for argument, source in sources.items()},
    }
    found: dict[str, tuple[str, str]] = {}
    for argument, uri in named.items():
        if uri:
            found.setdefault(split_s3(uri)[0], (argument, uri))
    return dict(found.values())


def check_default_buckets(request: Mapping[str, Any], region: str) -> None:
    """Raise SpecError for a bucket whose very name says that it lies in another region."""
    for argument, uri in places(request).items():
        match = _DEFAULT_BUCKET.fullmatch(split_s3(uri)[0])
        if match and match["region"] != region:
            raise _elsewhere(argument, uri, match["region"], region)


def place_lookup(request: Mapping[str, Any], service: Service) -> Lookup:
    """Begin to ask where the buckets of a request are."""
    _ = service.s3  # made here: sessions of boto3 are for one thread at a time
    return Lookup(lambda: _misplaced(request, service))


def _misplaced(request: Mapping[str, Any], service: Service) -> SpecError | None:
    for argument, uri in places(request).items():
        bucket = split_s3(uri)[0]
        try:
            found = service.bucket_region(bucket)
        except Exception as error:  # noqa: BLE001 - what cannot be learnt is no reason
            if kind_of(error) == "missing":
                return _wrong(argument, f"{argument}={uri!r}: there is no bucket {bucket}")
            continue
        if found != service.region:
            return _elsewhere(argument, uri, found, service.region)
    return None


def _elsewhere(argument: str, uri: str, found: str, region: str) -> SpecError:
    return _wrong(
        argument,
        f"{argument}={uri!r} lies in {found}, the job runs in {region}: SageMaker needs both in "
        f"one region; copy it, or set AWS_REGION={found}",
    )


def _wrong(argument: str, reason: str) -> SpecError:
    return SpecError(reason, argument=argument.partition("[")[0])
