"""Estimators of the frameworks: SageMaker's positional order, and which rules apply."""

from __future__ import annotations

from typing import ClassVar

from jupyter_sdt.estimator.estimator import Estimator

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
