"""torch.sagemaker, version 2 of SageMaker's model-parallel library: ``... as tsm``.

Written from SageMaker's documentation
(https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html).
What is not here is refused by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NoReturn

from jupyter_sdt.runtime.modelparallel.hybrid import configuration as _configuration
from jupyter_sdt.runtime.modelparallel.hybrid import fsdp as _fsdp
from jupyter_sdt.runtime.modelparallel.hybrid import offloading as _offloading
from jupyter_sdt.runtime.modelparallel.hybrid import state as _state
from jupyter_sdt.runtime.modelparallel.hybrid.places import places as state
from jupyter_sdt.runtime.modelparallel.hybrid.transform import transform

from . import delayed_param, grad_norm, logger

__all__ = [
    "delayed_param",
    "grad_norm",
    "init",
    "is_initialized",
    "logger",
    "state",
    "transform",
]


def init(config: Mapping[str, Any] | str | os.PathLike[str] | None = None) -> None:
    """Join the job with ``config`` under the launcher's parameters. A second call changes nothing.

    ``config`` is a dictionary of parameters or the path of a JSON file. Raises DistributionError
    for parameters that cannot be right.
    """
    here = _state.start(_configuration.read(config))
    _fsdp.install()
    if here.configuration.sm_activation_offloading:
        _offloading.install(here.configuration.activation_loading_horizon)


def is_initialized() -> bool:
    """Whether ``init`` was called."""
    return _state.is_started()


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"torch.sagemaker has no {name!r} in jupyter_sdt's version of it, which is used because "
        "SageMaker's library is not installed; docs/model_parallel_v2.md lists what there is"
    )
