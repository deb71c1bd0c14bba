"""Estimators of the frameworks: SageMaker's positional order, and which rules apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_sdt.estimator.estimator import Estimator
from jupyter_sdt.launch.remote.image_uris import newest_version, python_of

_SCRIPT = (
    *("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters"),
    *("image_uri", "distribution"),
)


class PyTorch(Estimator):
    """https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/sagemaker.pytorch.html."""

    framework: ClassVar[str] = "pytorch"
    positional: ClassVar[tuple[str, ...]] = (*_SCRIPT, "compiler_config")


class TensorFlow(Estimator):
    """https://sagemaker.readthedocs.io/en/stable/frameworks/tensorflow/sagemaker.tensorflow.html."""

    framework: ClassVar[str] = "tensorflow"
    positional: ClassVar[tuple[str, ...]] = (
        *("py_version", "framework_version", "model_dir", "image_uri", "distribution"),
        "compiler_config",
    )


class HuggingFace(Estimator):
    """https://sagemaker.readthedocs.io/en/stable/frameworks/huggingface/sagemaker.huggingface.html."""

    framework: ClassVar[str] = "huggingface"
    positional: ClassVar[tuple[str, ...]] = (
        *("py_version", "entry_point", "transformers_version", "tensorflow_version"),
        *("pytorch_version", "source_dir", "hyperparameters", "image_uri", "distribution"),
        "compiler_config",
    )


class MXNet(Estimator):
    """https://sagemaker.readthedocs.io/en/stable/frameworks/mxnet/sagemaker.mxnet.html."""

    framework: ClassVar[str] = "mxnet"
    positional: ClassVar[tuple[str, ...]] = _SCRIPT


def estimator_of_cell(arguments: Mapping[str, Any]) -> Estimator:
    """Return the Estimator for the flags of a cell.

    On ``ml.*`` instances without an image it is PyTorch's, and what chooses the image is filled in:
    the newest version in our table, the Python that its image has, one instance.
    """
    remote = str(arguments.get("instance_type", "")).startswith("ml.")
    if not (remote or "instance_groups" in arguments) or "image_uri" in arguments:
        return Estimator(**arguments)
    filled = {"framework_version": newest_version("pytorch"), **arguments}
    if python := python_of("pytorch", str(filled["framework_version"])):
        filled.setdefault("py_version", python)
    if remote:
        filled.setdefault("instance_count", 1)
    return PyTorch(**filled)
