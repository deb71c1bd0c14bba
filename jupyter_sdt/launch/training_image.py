"""Which image a job on SageMaker runs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.image_uris import ImageRequest, image_uri
from jupyter_sdt.launch.training_hyperparameters import compiler_keys
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec


def training_image(spec: JobSpec, region: str) -> str:
    """Return the URI of the job's image. Raises SpecError when there is none in our table."""
    if given := spec.sagemaker.get("image_uri"):
        return str(given)
    arguments, strategy = spec.sagemaker, spec.distribution.strategy
    if strategy == "modelparallel" and spec.distribution.combined_with == "torch_distributed":
        raise SpecError(
            "image_uri is missing: version 2 of smdistributed.modelparallel has images of its own, "
            "in the repository smdistributed-modelparallel of account 658645717510",
            argument="image_uri",
        )
    instance = find_instance(spec.instance_type)
    framework = str(arguments.get("framework", ""))
    base = _base(arguments) if framework == "huggingface" else ""
    version = arguments.get("transformers_version" if base else "framework_version", "")
    wanted = ImageRequest(
        framework=framework,
        version=str(version),
        py_version=str(arguments.get("py_version", "")),
        region=region,
        kind=instance.kind,
        base=base,
        compiled=bool(compiler_keys(arguments.get("compiler_config"))),
        cuda_11=instance.family == "p4d" or strategy in ("smdataparallel", "modelparallel"),
    )
    return image_uri(wanted)


def _base(arguments: Mapping[str, Any]) -> str:
    """What Hugging Face's image is built on: ``pytorch1.13.1``."""
    name = "tensorflow" if "tensorflow_version" in arguments else "pytorch"
    return f"{name}{arguments.get(f'{name}_version', '')}"
