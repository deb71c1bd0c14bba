"""Experts that one module holds as tensors of three axes (Mixtral since transformers 5).

Each peer has some intermediate features of all of them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.layers import Source
from jupyter_sdt.runtime.modelparallel.tensor.exchange import collect, spread
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark

# [experts, 2 x intermediate, hidden] holds gate and up one below the other;
# [experts, hidden, intermediate].
SLICES = {"gate_up_proj": TensorSlice(axis=1, blocks=2), "down_proj": TensorSlice(axis=2)}


def holds_experts(module: nn.Module) -> bool:
    """Whether ``module`` is Mixtral's experts in one module."""
    known = type(module).__module__.startswith("transformers.models.mixtral.")
    return known and {*SLICES} <= {name for name, _ in module.named_parameters(recurse=False)}


def divide_experts(module: Any, source: Source) -> None:
    """Leave some intermediate features of each expert, and sum what comes out."""
    slice_experts(module, source)
    if hasattr(module, "intermediate_dim"):
        module.intermediate_dim //= state.current().peers.size
    module.register_forward_pre_hook(_spread_all)
    module.register_forward_hook(_collect)


def slice_experts(module: nn.Module, source: Source = lambda tensor: tensor) -> None:
    """Leave this peer's part of each of the module's tensors."""
    peers = state.current().peers
    if peers.size == 1:
        return
    for name, part in SLICES.items():
        whole = getattr(module, name)
        own = part.of(source(whole).detach(), peers.rank, peers.size)
        setattr(module, name, nn.Parameter(own, requires_grad=whole.requires_grad))
        mark(getattr(module, name), part)


def join_experts(module: nn.Module, device: torch.device) -> None:
    """Put tensors of the whole size in the place of slices, their values undefined."""
    peers = state.current().peers.size
    for name, part in SLICES.items():
        own = getattr(module, name)
        shape = [n * peers if axis == part.axis else n for axis, n in enumerate(own.shape)]
        content = torch.empty(shape, device=device, dtype=own.dtype)
        setattr(module, name, nn.Parameter(content, own.requires_grad))


def _spread_all(_: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Hidden states and the router's weights: each peer computes a part of both gradients."""
    peers = state.current().peers
    return tuple(
        spread(value, peers) if isinstance(value, torch.Tensor) and value.requires_grad else value
        for value in arguments
    )


def _collect(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
    return collect(output.clone(), state.current().peers)
