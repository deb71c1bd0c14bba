"""Experts under FSDP: sharded among the ranks that hold the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel, ShardingStrategy

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.experts.slices import some_experts

_KEEPS_PARAMETERS = {ShardingStrategy.SHARD_GRAD_OP, ShardingStrategy._HYBRID_SHARD_ZERO2}
# What concerns the module that the script wraps and not the experts inside.
_OF_THE_WHOLE = (
    *("module", "process_group", "device_mesh"),
    *("auto_wrap_policy", "ignored_modules", "ignored_states"),
)


def experts_in(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """Each module below ``model`` that holds some experts and is not wrapped yet.

    With its parent and its name there.
    """
    for parent in list(model.modules()):
        if isinstance(parent, FullyShardedDataParallel):
            continue
        for name, child in list(parent.named_children()):
            if is_divided(child):
                yield parent, name, child


def wrap_experts(model: nn.Module, options: Mapping[str, Any]) -> None:
    """Wrap the experts below ``model``, in place, with the ``options`` of what is around them."""
    kept = {name: value for name, value in options.items() if name not in _OF_THE_WHOLE}
    for parent, name, experts in experts_in(model):
        setattr(parent, name, FullyShardedDataParallel(experts, **kept))


def without_experts(model: nn.Module, options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` with which FSDP leaves alone the experts below ``model``."""
    experts = [child for _, _, child in experts_in(model)]
    states = options.get("ignored_states")
    if states is None:
        return {**options, "ignored_modules": [*(options.get("ignored_modules") or ()), *experts]}
    states = list(states)
    modules = states and isinstance(states[0], nn.Module)
    more = experts if modules else [p for module in experts for p in module.parameters()]
    return {**options, "ignored_states": [*states, *more]}


def is_divided(module: nn.Module) -> bool:
    """Whether ``module`` itself holds the experts of this expert peer."""
    return any(map(some_experts, module.parameters(recurse=False)))


def group_of_experts(asked: ShardingStrategy | None) -> tuple[Any, ShardingStrategy]:
    """The group and the strategy for experts, where the script asked for ``asked``."""
    group = state.current().groups.same_experts
    if asked is ShardingStrategy.NO_SHARD or group.size == 1:
        return group.process_group, ShardingStrategy.NO_SHARD
    keeps = asked in _KEEPS_PARAMETERS
    strategy = ShardingStrategy.SHARD_GRAD_OP if keeps else ShardingStrategy.FULL_SHARD
    return group.process_group, strategy
