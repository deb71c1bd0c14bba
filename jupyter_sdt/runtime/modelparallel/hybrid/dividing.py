"""Dividing the modules of a Hugging Face model among tensor peers, in place."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.experts.slices import divide_experts, holds_experts
from jupyter_sdt.runtime.modelparallel.hybrid.families import Plan, plan_of
from jupyter_sdt.runtime.modelparallel.hybrid.layers import ColumnLinear, RowLinear, Source
from jupyter_sdt.runtime.modelparallel.tensor.exchange import spread
from jupyter_sdt.runtime.modelparallel.tensor.randomness import own_randomness

_LAYER = "sdt_transformed_layer"


def divide(model: nn.Module, source: Source) -> None:
    """Leave on this peer its part of every layer of ``model`` that can be divided.

    Of experts a part stays with expert peers, of other layers with tensor peers. ``source`` gives
    the whole tensor for a parameter; all peers call it in one order.
    """
    tensor = state.current().peers.size > 1
    for module in list(model.modules()):
        if holds_experts(module):
            divide_experts(module, source)
        elif tensor and (plan := plan_of(module)) is not None:
            _divide(module, plan, source)


def mark_layers(model: nn.Module) -> None:
    """Note which modules are a transformer's layers: they hold attention directly."""
    for module in model.modules():
        plans = (plan_of(child) for child in module.children())
        if any(plan is not None and plan.attention for plan in plans):
            setattr(module, _LAYER, True)


def is_transformer_layer(module: object) -> bool:
    """Whether :func:`mark_layers` found ``module``."""
    return bool(getattr(module, "__dict__", {}).get(_LAYER))


def _divide(module: Any, plan: Plan, source: Source) -> None:
    for name in plan.columns:
        setattr(module, name, ColumnLinear(getattr(module, name), source))
    for name in plan.rows:
        setattr(module, name, RowLinear(getattr(module, name), source))
    peers = state.current().peers.size
    for name in plan.counts:
        if isinstance(vars(module).get(name), int):
            setattr(module, name, getattr(module, name) // peers)
    module.register_forward_pre_hook(_spread_hidden, with_kwargs=True)
    if plan.attention:
        module.register_forward_pre_hook(_begin_own_randomness)
        module.register_forward_hook(_end_own_randomness, always_call=True)


def _spread_hidden(_: nn.Module, arguments: Any, named: dict[str, Any]) -> Any:
    """Hidden states are the same on all peers; their gradient is the sum of all peers' parts."""
    peers = state.current().peers
    if arguments:
        return (spread(arguments[0], peers), *arguments[1:]), named
    return arguments, named | {"hidden_states": spread(named["hidden_states"], peers)}


def _begin_own_randomness(module: Any, _: Any) -> None:
    """Peers have different heads, and so need different masks of dropout."""
    given = getattr(module, "attention_dropout", 0.0)
    probability = given.p if isinstance(given, nn.Dropout) else given
    needed = module.training and bool(probability)
    here = state.current()
    context: AbstractContextManager[None] = own_randomness(here.peers, here.device, needed=needed)
    context.__enter__()
    module.__dict__.setdefault("_sdt_randomness", []).append(context)


def _end_own_randomness(module: Any, _: Any, __: Any) -> None:
    module.__dict__["_sdt_randomness"].pop().__exit__(None, None, None)


def whole_as_given(tensor: torch.Tensor) -> torch.Tensor:
    """The source for models that are whole on each rank."""
    return tensor
