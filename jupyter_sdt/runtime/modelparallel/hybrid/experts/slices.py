"""Experts that one module holds as tensors of three axes (Mixtral since transformers 5).

Each expert peer has some of them, each tensor peer some intermediate features of those.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.experts.travel import let_tokens_travel
from jupyter_sdt.runtime.modelparallel.hybrid.layers import Source
from jupyter_sdt.runtime.modelparallel.tensor.exchange import collect, spread
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark

# [experts, 2 x intermediate, hidden] holds gate and up one below the other;
# [experts, hidden, intermediate].
SLICES = {"gate_up_proj": TensorSlice(axis=1, blocks=2), "down_proj": TensorSlice(axis=2)}
_MARK = "sdt_some_experts"


def holds_experts(module: nn.Module) -> bool:
    """Whether ``module`` is Mixtral's experts in one module."""
    known = type(module).__module__.startswith("transformers.models.mixtral.")
    return known and {*SLICES} <= {name for name, _ in module.named_parameters(recurse=False)}


def some_experts(parameter: torch.Tensor) -> bool:
    """Whether ``parameter`` holds the experts of this expert peer only."""
    return bool(getattr(parameter, _MARK, False))


def divide_experts(module: Any, source: Source) -> None:
    """Leave some experts, some intermediate features of each, and sum what comes out."""
    here = state.current()
    slice_experts(module, source)
    if here.expert_peers.size > 1:
        module.num_experts //= here.expert_peers.size
    if here.peers.size > 1 and hasattr(module, "intermediate_dim"):
        module.intermediate_dim //= here.peers.size
    # Tensor peers work together on what has travelled.
    return_tokens = let_tokens_travel(module) if here.expert_peers.size > 1 else None
    if here.peers.size > 1:
        module.register_forward_pre_hook(_spread_all)
        module.register_forward_hook(_collect)
    if return_tokens is not None:
        module.register_forward_hook(return_tokens)


def slice_experts(module: nn.Module, source: Source = lambda tensor: tensor) -> None:
    """Leave this peer's part of each of the module's tensors."""
    peers, experts = state.current().peers, state.current().expert_peers
    if peers.size == experts.size == 1:
        return
    for name, part in SLICES.items():
        whole = getattr(module, name)
        own = state.EXPERTS.of(source(whole).detach(), experts.rank, experts.size)
        made = nn.Parameter(part.of(own, peers.rank, peers.size), whole.requires_grad)
        setattr(module, name, made)
        setattr(made, _MARK, experts.size > 1)
        if peers.size > 1:
            mark(made, part)


def join_experts(module: nn.Module, device: torch.device) -> None:
    """Put tensors of the whole size in the place of slices, their values undefined."""
    here = state.current()
    for name, part in SLICES.items():
        own = getattr(module, name)
        shape = list(own.shape)
        shape[part.axis] *= here.peers.size
        shape[state.EXPERTS.axis] *= here.expert_peers.size
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
