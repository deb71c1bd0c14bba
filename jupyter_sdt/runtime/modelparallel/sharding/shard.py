"""Dividing a model's parameters among groups of ranks, and gathering them layer by layer.

MiCS: Zhang et al., arXiv 2205.00119. torch's ``fully_shard`` does the work.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from jupyter_sdt.runtime.modelparallel.delayed_init import initialise
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.sharding.groups import ShardGroup, shard_mesh
from jupyter_sdt.runtime.modelparallel.sharding.outputs import return_no_views
from jupyter_sdt.runtime.modelparallel.sharding.pieces import keep_group, local
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark, slice_of
from jupyter_sdt.runtime.modelparallel.world import World

_LISTS = (nn.Sequential, nn.ModuleList)
_HALF = (torch.float16, torch.bfloat16)


def shard(world: World, module: nn.Module) -> None:
    """Leave on each rank its part of the parameters of ``module``, along their first dimension.

    A group of ``sharded_data_parallel_degree`` neighbours among the replicas of a slice holds all
    of it; groups are replicas of each other. Parameters below ``sdp_param_persistence_threshold``
    elements stay whole. The rest become torch.distributed.tensor.DTensors, so that optimizers are
    made afterwards; they tell what they are as ``ds_shape``, ``ds_numel`` and ``ds_tensor``.
    """
    asked = world.parameters
    mesh, members = shard_mesh(world)
    keep_group(members.group)
    threshold = asked.sdp_param_persistence_threshold
    whole = {p for p in module.parameters() if p.numel() < threshold}
    half = any(p.dtype in _HALF for p in module.parameters())
    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32 if half else None)
    slices = {name: slice_of(p) for name, p in module.named_parameters()}
    for unit in units(module, largest_unit(asked)):
        initialise(unit)
        unit.to(world.device)
        return_no_views(unit)
        fully_shard(unit, mesh=mesh, ignored_params=whole, mp_policy=policy)
        _communicate(unit, members)
    module.register_forward_hook(_leave_pieces)
    for name, parameter in module.named_parameters():
        _describe(parameter, slices[name])


def _leave_pieces(module: Any, _given: Any, _returned: Any) -> None:
    """Divide again what belongs to no layer, which torch keeps for a backward: here is none."""
    if not torch.is_grad_enabled():
        module.reshard()


def largest_unit(asked: Parameters) -> float:
    """How many elements of a layer may be whole at the same time, as far as it can be divided."""
    return min(asked.sdp_max_live_parameters, asked.sdp_reduce_bucket_size)


def units(model: nn.Module, limit: float = math.inf) -> Iterator[nn.Module]:
    """Modules that are gathered and reduced one at a time, the model itself last.

    They are the layers: what nn.Sequential and nn.ModuleList hold; inside of layers with more than
    ``limit`` elements, what these hold. One that shares a parameter with others is gathered with
    the module above it.
    """
    uses = Counter(id(p) for m in model.modules() for p in m._parameters.values() if p is not None)
    large = {m for m in model.modules() if m is not model and _elements(m) > limit}
    for holder in reversed(list(model.modules())):
        if not (isinstance(holder, _LISTS) or holder in large):
            continue
        for layer in holder.children():
            own = list(layer.parameters())
            alone = all(uses[id(p)] == 1 for p in own)
            if own and alone and not isinstance(layer, _LISTS):
                yield layer
    yield model


def _communicate(unit: Any, members: ShardGroup) -> None:
    """Let ``unit`` use the collectives of its group, where this torch (2.9) lets it choose."""
    if not members.overlaps:
        # Fetched one after the other, in the time of the computation: not ahead, to save memory.
        unit.set_modules_to_backward_prefetch([unit])
    if members.all_gather is not None and hasattr(unit, "set_custom_all_gather"):
        unit.set_custom_all_gather(members.all_gather)
    if hasattr(unit, "set_custom_reduce_scatter"):
        unit.set_custom_reduce_scatter(members.reduce_scatter)


def _elements(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _describe(parameter: nn.Parameter, part: TensorSlice | None) -> None:
    """Say again what torch forgets when it replaces a parameter, and what scripts look for."""
    if part is not None:
        mark(parameter, part)
    described: Any = parameter
    described.ds_shape, described.ds_numel = parameter.shape, parameter.numel()
    described.ds_tensor = local(parameter)
