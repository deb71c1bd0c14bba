"""smdistributed.modelparallel.torch: how modules are made, and where they are to lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.partition import partition as _partition
from jupyter_sdt.runtime.modelparallel.partition import set_partition as _set_partition
from jupyter_sdt.runtime.modelparallel.tensor import marks
from jupyter_sdt.runtime.modelparallel.tensor.registry import tp_register, tp_register_with_module

__all__ = [
    "model_creation",
    "partition",
    "set_partition",
    "set_tensor_parallelism",
    "tensor_parallelism",
    "tp_register",
    "tp_register_with_module",
]


def partition(index: int) -> AbstractContextManager[None]:
    """Modules made in this context go to stage ``index``, unless ``auto_partition`` is on.

    The innermost context wins. Raises SpecError for a stage that does not exist.
    """
    return _partition(index, partitions=world.current().parameters.pipeline_parallel_degree)


def set_partition(module: nn.Module, index: int) -> None:
    """Put ``module`` on stage ``index``, unless ``auto_partition`` is on."""
    _set_partition(module, index, partitions=world.current().parameters.pipeline_parallel_degree)


@contextmanager
def tensor_parallelism(enabled: bool = True, **tp_config: Any) -> Iterator[None]:
    """Modules made in this context are divided among tensor-parallel ranks.

    Without tensor parallelism in the job this does nothing; ``enabled=False`` keeps modules whole.
    The innermost context wins. Options of fused kernels are accepted and have no effect.
    """
    del tp_config
    with marks.tensor_parallelism(enabled):
        yield


def set_tensor_parallelism(module: nn.Module, enabled: bool = True, **tp_config: Any) -> None:
    """Divide ``module`` among tensor-parallel ranks, if the job has any."""
    del tp_config
    marks.set_tensor_parallelism(module, enabled)


@contextmanager
def model_creation(
    tensor_parallelism: bool = False, dtype: torch.dtype | None = None, **tp_config: Any
) -> Iterator[None]:
    """Make a model in ``dtype``, and, with ``tensor_parallelism``, divided among its ranks."""
    before = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.enter_context(globals()["tensor_parallelism"](tensor_parallelism, **tp_config))
        if dtype is not None:
            torch.set_default_dtype(dtype)
            stack.callback(torch.set_default_dtype, before)
        yield
