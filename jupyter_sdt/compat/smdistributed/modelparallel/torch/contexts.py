"""smdistributed.modelparallel.torch: how modules are made, and where they are to lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.delayed_init import delay_param_initialization
from jupyter_sdt.runtime.modelparallel.partition import partition as _partition
from jupyter_sdt.runtime.modelparallel.partition import set_partition as _set_partition
from jupyter_sdt.runtime.modelparallel.tensor import marks
from jupyter_sdt.runtime.modelparallel.tensor.registry import tp_register, tp_register_with_module

__all__ = [
    "delay_param_initialization",
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

    Models of Hugging Face that smp.nn knows become DistributedTransformerLMHead and the like, also
    on a single rank; ``tp_config`` holds options of those (docs/tensor.md). ``enabled=False`` keeps
    modules as they are. The innermost context wins.
    """
    with marks.tensor_parallelism(enabled, tp_config):
        yield


def set_tensor_parallelism(module: nn.Module, enabled: bool = True, **tp_config: Any) -> None:
    """Divide ``module`` among tensor-parallel ranks, if the job has any."""
    marks.set_tensor_parallelism(module, enabled, tp_config)


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
