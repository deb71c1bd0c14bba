"""Wrappers and layers of models that insist on devices: DDP, DataParallel, FSDP, SyncBatchNorm."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from jupyter_sdt.runtime.batch_norm import normalize_over_ranks
from jupyter_sdt.runtime.late_import import when_imported
from jupyter_sdt.runtime.virtual_cuda.devices import CPU
from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap


def install_replicas() -> None:
    """Let all of them work on the CPU, whichever devices they are told."""
    wrap(DistributedDataParallel, "__init__", _distributed)
    wrap(DistributedDataParallel, "_passing_sync_batchnorm_handle", _any_batch_norm)
    wrap(DataParallel, "__init__", _data_parallel)
    wrap(nn.SyncBatchNorm, "forward", _synchronized)
    when_imported(
        "torch.distributed.fsdp.fully_sharded_data_parallel",
        lambda module: wrap(module.FullyShardedDataParallel, "__init__", _sharded),
    )
    when_imported(
        "torch.distributed.fsdp._init_utils",
        lambda module: wrap(module, "_check_module_states_for_sync_module_states", _any_device),
    )


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


def _any_batch_norm(_original: Function) -> Function:
    """All that torch does here is to refuse SyncBatchNorm in modules on the CPU."""
    return lambda _model, _module: None


def _any_device(_original: Function) -> Function:
    """All that torch does here is to refuse parameters on the CPU."""
    return lambda _states: None


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


def _sharded(original: Function) -> Function:
    def begin(self: Any, module: nn.Module, *arguments: Any, **options: Any) -> None:
        original(self, module, *arguments, **{**options, "device_id": CPU})

    return begin


def _synchronized(original: Function) -> Function:
    """The form of torch has kernels for GPUs only."""

    def forward(self: nn.SyncBatchNorm, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
        group = self.process_group or dist.group.WORLD
        if not self.training or not dist.is_initialized() or dist.get_world_size(group) == 1:
            plain: torch.Tensor = original(self, input)
            return plain
        total: Any = _Sum.apply
        return normalize_over_ranks(self, input, lambda part: total(part, group))

    return forward


class _Sum(torch.autograd.Function):
    """The sum of a tensor over the ranks of a group, and of gradients on the way back."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, group: Any) -> torch.Tensor:
        """Return the sum."""
        ctx.group = group
        summed = tensor.contiguous().clone()
        dist.all_reduce(summed, group=group)
        return summed

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the sum of all ranks' gradients."""
        summed = gradient.contiguous().clone()
        dist.all_reduce(summed, group=ctx.group)
        return summed, None
