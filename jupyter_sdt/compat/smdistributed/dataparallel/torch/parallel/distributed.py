"""smdistributed.dataparallel.torch.parallel.distributed: the wrapper of the versions 1.0 to 1.3."""

from __future__ import annotations

import inspect
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn import parallel

from jupyter_sdt.runtime import dataparallel
from jupyter_sdt.runtime.process_environment import process_environment

from ...exceptions import SMDDPError


class DistributedDataParallel(dataparallel.DistributedDataParallel):
    """``module`` whose gradients are the mean over all ranks after ``backward()``.

    It is one of torch's class, too, all of whose arguments it knows. Parameters and buffers become
    rank 0's. Gradients lie in buffers of one size; ``bucket_cap_mb`` is the most they may have.
    Scripts wrap first and call ``model.cuda(local_rank)`` afterwards: parameters stay the same
    objects, and what depends on their device and dtype is made anew.

    Raises SMDDPError before init_process_group(), for a ``process_group`` other than WORLD, and for
    ``gradient_accumulation_steps``.
    """

    _settings: dict[str, Any]
    _is_ready = False  # all ranks have rank 0's parameters, where these will stay
    _kinds: set[tuple[torch.device, torch.dtype]]

    def __init__(
        self,
        module: nn.Module,
        device_ids: Any = None,
        output_device: Any = None,
        broadcast_buffers: bool = True,
        process_group: Any = None,
        bucket_cap_mb: float | None = None,
        **options: Any,
    ) -> None:
        _check(process_group, options.pop("gradient_accumulation_steps", 1))
        devices = {"device_ids": device_ids, "output_device": output_device}
        buffers = {_name_of_buffers(): broadcast_buffers, "bucket_cap_mb": bucket_cap_mb}
        self._wrap(module, devices | buffers | options)
        if _in_place(module):
            self._make_ready()

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Call the module; with gradients on, prepare their exchange."""
        if not self._is_ready:
            self._make_ready()
        if not torch.is_grad_enabled():
            return self.module(*arguments, **named)
        return super().forward(*arguments, **named)

    def _wrap(self, module: nn.Module, settings: dict[str, Any]) -> None:
        """Have torch look at the parameters as they are now."""
        kinds = _kinds(module)
        on_gpus = any(device.type == "cuda" for device, _ in kinds)
        fitting = {
            name: value
            for name, value in settings.items()
            if on_gpus or name not in {"device_ids", "output_device"}
        }
        super().__init__(module, init_sync=False, **fitting)
        self._settings, self._kinds = settings, kinds

    def _make_ready(self) -> None:
        self._wrap_again()
        states = [*self.module.parameters(), *self.module.buffers()]
        works = [dist.broadcast(state.detach(), src=0, async_op=True) for state in states]
        for work in works:
            work.wait()
        self._is_ready = True

    def _wrap_again(self) -> None:
        if _kinds(self.module) != self._kinds:
            training, is_ready = self.training, self._is_ready
            self._wrap(self.module, self._settings)
            self.training, self._is_ready = training, is_ready

    def _apply(self, function: Any, recurse: bool = True) -> DistributedDataParallel:
        super()._apply(function, recurse)  # type: ignore[no-untyped-call]
        self._wrap_again()
        return self


def _check(process_group: Any, gradient_accumulation_steps: int) -> None:
    if not dist.is_initialized():
        raise SMDDPError(
            "DistributedDataParallel needs the ranks to have met: call "
            "smdistributed.dataparallel.torch.distributed.init_process_group() first"
        )
    if process_group not in (None, "WORLD", dist.group.WORLD):
        raise SMDDPError("process_group: this library knows the group of all ranks only")
    if gradient_accumulation_steps != 1:
        raise SMDDPError(
            f"gradient_accumulation_steps={gradient_accumulation_steps} is not supported (the "
            "library dropped it in 1.4); accumulate within no_sync()"
        )


def _name_of_buffers() -> str:
    """What torch calls ``broadcast_buffers``: since 2.13 it warns of that name."""
    known = inspect.signature(parallel.DistributedDataParallel.__init__).parameters
    return "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"


def _kinds(module: nn.Module) -> set[tuple[torch.device, torch.dtype]]:
    return {(parameter.device, parameter.dtype) for parameter in module.parameters()}


def _in_place(module: nn.Module) -> bool:
    """Whether the ranks of a node have not all put their models on the first GPU for now."""
    mine = process_environment().local_rank
    indices = {device.index or 0 for device, _ in _kinds(module) if device.type == "cuda"}
    return indices <= {mine}
