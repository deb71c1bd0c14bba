"""What sharded layers return may be changed in place, as what other layers return may be.

torch's ``fully_shard`` learns from a hook on a layer's result that backward has come to it. Where
the result is a view, ``result += x`` loses the hook, and backward finds no parameters.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map_only


def return_no_views(layer: nn.Module) -> None:
    """Let ``layer`` return tensors of their own. To be called before ``fully_shard``."""
    own = _same_memory if type(layer) is nn.Linear else torch.clone

    def hook(_: nn.Module, __: Any, returned: Any) -> Any:
        return tree_map_only(torch.Tensor, lambda t: own(t) if _may_lose(t) else t, returned)

    layer.register_forward_hook(hook, prepend=True)


def _may_lose(tensor: torch.Tensor) -> bool:
    return tensor.requires_grad and tensor._is_view()


def _same_memory(tensor: torch.Tensor) -> torch.Tensor:
    """Not copied: no backward needs the result of a linear layer."""
    found: torch.Tensor = _Own.apply(tensor)  # type: ignore[no-untyped-call]
    return found


class _Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:  # noqa: ARG004
        return tensor.data

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # noqa: ARG004
        return gradient
