"""Images of version 2 of smdistributed.modelparallel (torch.sagemaker), in their own repository.

From SageMaker's SDK 2.257.
https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-support-v2.html
"""

from __future__ import annotations

from jupyter_sdt.errors import SpecError, did_you_mean

_ACCOUNT, _REPOSITORY = "658645717510", "smdistributed-modelparallel"
# PyTorch as the caller types it -> the Python of the image.
_PYTHONS = {
    **dict.fromkeys(("2.0", "2.0.1", "2.1", "2.1.2", "2.2", "2.2.0", "2.3.0"), "py310"),
    **dict.fromkeys(("2.3.1", "2.4.1", "2.5.0", "2.5.1", "2.7.0", "2.8.0"), "py311"),
}
_REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1"),
    *("ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2"),
    *("eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)


def model_parallel_image(*, version: str, py_version: str, region: str, family: str) -> str:
    """Return the URI for a PyTorch version on instances of ``family`` (p4d, p5, ...).

    Raises SpecError for what has no image.
    """
    if version not in _PYTHONS:
        hint = did_you_mean(version, _PYTHONS) or f"; there are {', '.join(_PYTHONS)}"
        raise _missing(f"framework_version={version!r}{hint}", "framework_version")
    if py_version != _PYTHONS[version]:
        raise _missing(f"py_version={py_version!r}; it has {_PYTHONS[version]}", "py_version")
    if region not in _REGIONS:
        raise _missing(f"region {region!r}{did_you_mean(region, _REGIONS)}", "image_uri")
    host = f"{_ACCOUNT}.dkr.ecr.{region}.amazonaws.com"
    return f"{host}/{_REPOSITORY}:{version}-gpu-{py_version}-{_cuda(version, family)}"


def _cuda(version: str, family: str) -> str:
    if version.startswith("2.5"):
        return "cu124"
    early = not version.startswith(("2.1", "2.2", "2.3", "2.4"))
    return "cu118" if early and not family.startswith("p5") else "cu121"


def _missing(what: str, argument: str) -> SpecError:
    return SpecError(
        f"version 2 of smdistributed.modelparallel has no image for {what}; any other image can be "
        "named with image_uri",
        argument=argument,
    )
