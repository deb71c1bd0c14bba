"""Wrappers of models that take numbers of devices: DistributedDataParallel and DataParallel."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap


def install_replicas() -> None:
    """Let both wrap a model on the CPU, whichever devices they are told."""
    wrap(DistributedDataParallel, "__init__", _distributed)
    wrap(DataParallel, "__init__", _data_parallel)


def _distributed(original: Function) -> Function:
    def begin(
        self: Any,
        module: nn.Module,
        device_ids: Any = None,  # noqa: ARG001 - torch's signature
        output_device: Any = None,  # noqa: ARG001
        *arguments: Any,
        **options: Any,
    ) -> None:
        original(self, module, None, None, *arguments, **options)

    return begin


def _data_parallel(_original: Function) -> Function:
    """One pass over the whole batch computes what replicas on parts of it would."""

    def begin(
        self: Any,
        module: nn.Module,
        device_ids: Any = None,  # noqa: ARG001
        output_device: Any = None,  # noqa: ARG001
        dim: int = 0,
    ) -> None:
        nn.Module.__init__(self)
        self.module, self.dim, self.device_ids = module, dim, []

    return begin
