"""Names of SageMaker's framework images, from a small table that ships with this package.

The table (``image_uris.json``) holds the training images of SageMaker's Python SDK 2.257: versions
with their Python, repository and container suffix, and the account of each region's registry.
https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.spec.instances import Kind

# Newest versions of the table, and when AWS ended the patches of the last of them.
TABLE_NOTE = (
    "the image comes from a table whose newest PyTorch, 2.8.0, got its last patch on 2026-08-06; "
    "image_uri names any other"
)
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
}
# Old images that p4d and smdistributed need in a build of their own.
_CUDA_11 = {
    "tensorflow-2.3-gpu-py37": "cu110-ubuntu18.04-v3",
    "tensorflow-2.3.1-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-2.3.2-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-1.15-gpu-py37": "cu110-ubuntu18.04-v8",
    "tensorflow-1.15.4-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-1.15.5-gpu-py37": "cu110-ubuntu18.04",
    "mxnet-1.8-gpu-py37": "cu110-ubuntu16.04-v1",
    "mxnet-1.8.0-gpu-py37": "cu110-ubuntu16.04",
    "pytorch-1.6-gpu-py36": "cu110-ubuntu18.04-v3",
    "pytorch-1.6.0-gpu-py36": "cu110-ubuntu18.04",
    "pytorch-1.6-gpu-py3": "cu110-ubuntu18.04-v3",
    "pytorch-1.6.0-gpu-py3": "cu110-ubuntu18.04",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """What chooses an image.

    ``version`` is the framework's, as typed (for Hugging Face that of transformers, and ``base``
    is then ``pytorch1.13.1`` or ``tensorflow2.6.3``). ``compiled`` asks for the training compiler,
    ``cuda_11`` says that the job runs on p4d or with smdistributed.
    """

    framework: str
    version: str
    py_version: str
    region: str
    kind: Kind
    base: str = ""
    compiled: bool = False
    cuda_11: bool = False


def image_uri(wanted: ImageRequest) -> str:
    """Return the URI of a framework's training image. Raises SpecError naming what is not there."""
    family = _family(wanted)
    frameworks = _table()["frameworks"]
    entry = _python(_row(frameworks[family], wanted), wanted)
    processor = {"neuron": "trn"}.get(wanted.kind, wanted.kind)
    if processor not in frameworks[family]["proc"]:
        raise SpecError(
            f"instance_type: there is no {processor.upper()} image of {family}; it has "
            f"{' and '.join(frameworks[family]['proc'])} images",
            argument="instance_type",
        )
    account = _account(_table()["registries"][entry["r"]], wanted)
    host = f"{account}.dkr.ecr.{wanted.region}.{dns_suffix(wanted.region)}"
    return f"{host}/{entry['repo']}:{_tag(entry, wanted, processor)}"


def newest_version(framework: str) -> str:
    """The newest version of a framework in the table."""
    return str(max(_table()["frameworks"][framework]["v"], key=_numbers))


def python_of(framework: str, version: str) -> str | None:
    """The newest Python that images of a version have; None for a version not in the table."""
    family = _table()["frameworks"][framework]
    row = family["v"].get(family["aliases"].get(version, version), {})
    return row["py"][-1] if "py" in row else None


def registry_accounts() -> frozenset[str]:
    """The accounts of AWS in which the images of the table lie."""
    return frozenset(
        str(account)
        for registry in _table()["registries"]
        for account in (registry["default"], *registry["other"].values())
    )


def dns_suffix(region: str) -> str:
    """The domain of a region's endpoints."""
    return next((s for start, s in _SUFFIXES.items() if region.startswith(start)), "amazonaws.com")


@cache
def _table() -> dict[str, Any]:
    file = resources.files("jupyter_sdt.launch.remote") / "image_uris.json"
    table: dict[str, Any] = json.loads(file.read_bytes())
    return table


def _family(wanted: ImageRequest) -> str:
    if wanted.compiled and wanted.framework in ("huggingface", "pytorch"):
        return f"{wanted.framework}-training-compiler"
    if wanted.kind == "neuron" and wanted.framework == "pytorch":
        return "pytorch-neuron"
    return wanted.framework


def _row(family: Mapping[str, Any], wanted: ImageRequest) -> Mapping[str, Any]:
    """The table's row of a version, also of a short one."""
    versions: Mapping[str, Any] = family["v"]
    argument = "transformers_version" if wanted.base else "framework_version"
    row = _look_up(versions, family["aliases"], wanted.version, argument)
    if not wanted.base:
        return row
    name = "pytorch_version" if wanted.base.startswith("pytorch") else "tensorflow_version"
    bases = {key: value for key, value in row.items() if key != "version_aliases"}
    return _look_up(bases, row.get("version_aliases", {}), wanted.base, name)


def _look_up(
    rows: Mapping[str, Any], aliases: Mapping[str, str], version: str, argument: str
) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = rows.get(aliases.get(version, version))
    if found is None:
        known = [_bare(name) for name in (*rows, *aliases)]
        newest = [_bare(name) for name in sorted(rows, key=_numbers)[-3:]]
        given = _bare(version)
        hint = did_you_mean(given, known) or f"; the newest are {', '.join(newest)}"
        raise SpecError(
            f"{argument}={given!r} has no image in the table of this package{hint}; any other "
            "image can be named with image_uri",
            argument=argument,
        )
    return found


def _python(row: Mapping[str, Any], wanted: ImageRequest) -> Mapping[str, Any]:
    if "repo" not in row:  # one row for each Python
        known, entry = list(row), row.get(wanted.py_version, {})
    else:
        known, entry = row["py"], row
    if wanted.py_version not in known:
        raise SpecError(
            f"py_version={wanted.py_version!r}: the image of {wanted.framework} {wanted.version} "
            f"has {' or '.join(known)}",
            argument="py_version",
        )
    found: Mapping[str, Any] = entry
    return found


def _account(registry: Mapping[str, Any], wanted: ImageRequest) -> str:
    account = registry["other"].get(wanted.region)
    if account is None and wanted.region in registry["regions"]:
        account = registry["default"]
    if account is None:
        raise SpecError(
            f"region {wanted.region!r} has no image of {wanted.framework} {wanted.version}"
            f"{did_you_mean(wanted.region, [*registry['regions'], *registry['other']])}; name one "
            "with image_uri",
            argument="image_uri",
        )
    return str(account)


def _tag(entry: Mapping[str, Any], wanted: ImageRequest, processor: str) -> str:
    version = wanted.version
    if wanted.base:
        version = f"{_bare(wanted.base)}-transformers{version}"
    word = "neuron" if processor == "trn" else processor
    tag = "-".join([version, word, wanted.py_version, *entry.get("sdk", ())])
    if suffix := entry.get("cv", {}).get(processor):
        return f"{tag}-{suffix}"
    key = f"{wanted.framework}-{tag}"
    return f"{tag}-{_CUDA_11[key]}" if wanted.cuda_11 and key in _CUDA_11 else tag


def _bare(version: str) -> str:
    """``1.13.1`` of ``pytorch1.13.1``."""
    return version.removeprefix("pytorch").removeprefix("tensorflow")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in _bare(version).split(".") if word.isdecimal())
