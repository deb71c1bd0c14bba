"""torch's ``offload_wrapper``, bringing activations back before backward asks for them.

Scripts wrap their model with it after activation checkpointing, and leave the rest to the library.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import OffloadWrapper

from jupyter_sdt.runtime.modelparallel.activations.offloading import Kept, Offloader


def install(horizon: int) -> Offloader:
    """Let models wrapped with ``offload_wrapper`` load ``horizon`` tensors ahead in backward.

    What lies on the CPU stays where it is; nothing is copied.
    """
    offloader = Offloader(on=True, horizon=horizon)

    def forward(self: Any, *arguments: Any, **named: Any) -> Any:
        with saved_tensors_hooks(_keep, _value):
            return self._checkpoint_wrapped_module(*arguments, **named)

    def _keep(tensor: torch.Tensor) -> torch.Tensor | Kept:
        if isinstance(tensor, nn.Parameter) or not _moves(offloader, tensor):
            return tensor
        kept = offloader.keep(tensor.detach())
        kept.offload()
        return kept

    OffloadWrapper.forward = forward  # type: ignore[method-assign]
    return offloader


def _value(kept: torch.Tensor | Kept) -> torch.Tensor:
    return kept.value().detach() if isinstance(kept, Kept) else kept


def _moves(offloader: Offloader, tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and offloader.can_move(tensor)
