"""Which image a job on SageMaker runs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.launch.remote.image_sources import Image, find_image
from jupyter_sdt.launch.remote.image_uris import TABLE_NOTE, ImageRequest
from jupyter_sdt.launch.remote.model_parallel_images import model_parallel_image
from jupyter_sdt.launch.remote.training_hyperparameters import compiler_keys
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec


def training_image(spec: JobSpec, region: str) -> Image:
    """Return the job's image. Raises SpecError when nobody knows one."""
    if given := spec.sagemaker.get("image_uri"):
        return Image(str(given))
    arguments, strategy = spec.sagemaker, spec.distribution.strategy
    instance = find_instance(spec.instance_type)
    version, python = str(arguments.get("framework_version", "")), _python(arguments)
    if strategy == "modelparallel" and spec.distribution.combined_with == "torch_distributed":
        uri = model_parallel_image(
            version=version, py_version=python, region=region, family=instance.family
        )
        return Image(uri, TABLE_NOTE)
    framework = str(arguments.get("framework", ""))
    base = _base(arguments) if framework == "huggingface" else ""
    wanted = ImageRequest(
        framework=framework,
        version=str(arguments.get("transformers_version", "")) if base else version,
        py_version=python,
        region=region,
        kind=instance.kind,
        base=base,
        compiled=bool(compiler_keys(arguments.get("compiler_config"))),
        cuda_11=instance.family == "p4d" or strategy in ("smdataparallel", "modelparallel"),
    )
    return find_image(wanted, instance.name)


def _python(arguments: Mapping[str, Any]) -> str:
    return str(arguments.get("py_version", ""))


def _base(arguments: Mapping[str, Any]) -> str:
    """What Hugging Face's image is built on: ``pytorch1.13.1``."""
    name = "tensorflow" if "tensorflow_version" in arguments else "pytorch"
    return f"{name}{arguments.get(f'{name}_version', '')}"
