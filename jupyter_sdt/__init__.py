"""Distributed training from a notebook cell, in SageMaker's words, on this machine first.

Public names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_sdt import errors
    from jupyter_sdt.estimator.estimator import Estimator
    from jupyter_sdt.estimator.frameworks import HuggingFace, MXNet, PyTorch, TensorFlow
    from jupyter_sdt.estimator.inputs import FileSystemInput, TrainingInput
    from jupyter_sdt.job import TrainingJob
    from jupyter_sdt.launch.remote.jobs import list_remote_jobs
    from jupyter_sdt.scaling.study import ScalingStudy
    from jupyter_sdt.spec.distribution import Distribution

__all__ = [
    "Distribution",
    "Estimator",
    "FileSystemInput",
    "HuggingFace",
    "MXNet",
    "PyTorch",
    "ScalingStudy",
    "TensorFlow",
    "TrainingInput",
    "TrainingJob",
    "errors",
    "list_jobs",
    "list_remote_jobs",
]

# Public name -> the module that defines it (PEP 562).
_HOMES = {
    "Distribution": "spec.distribution",
    "Estimator": "estimator.estimator",
    "FileSystemInput": "estimator.inputs",
    "HuggingFace": "estimator.frameworks",
    "MXNet": "estimator.frameworks",
    "PyTorch": "estimator.frameworks",
    "ScalingStudy": "scaling.study",
    "TensorFlow": "estimator.frameworks",
    "TrainingInput": "estimator.inputs",
    "TrainingJob": "job",
    "list_remote_jobs": "launch.remote.jobs",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("jupyter_sdt.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'jupyter_sdt' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"jupyter_sdt.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def list_jobs() -> list[TrainingJob]:
    """Return every job of ``SDT_JOBS_DIR`` (default ``~/.jupyter_sdt/jobs``), newest first."""
    from jupyter_sdt.job import TrainingJob  # noqa: PLC0415
    from jupyter_sdt.store.job_store import list_directories  # noqa: PLC0415

    return [TrainingJob(directory) for directory in list_directories()]


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext jupyter_sdt``: register the magics."""
    importlib.import_module("jupyter_sdt.notebook.magics").load_ipython_extension(ipython)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell jupyter_server that this package is an extension of it."""
    return [{"module": "jupyter_sdt"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add our REST routes and the stream to a Jupyter server."""
    importlib.import_module("jupyter_sdt.server.extension").load(server)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell ``jupyter-builder develop`` where the built front end lies."""
    return [{"src": "../labextension", "dest": "jupyter-sdt"}]
