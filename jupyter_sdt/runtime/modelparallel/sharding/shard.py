"""Dividing a model's parameters among groups of ranks, and gathering them layer by layer.

MiCS: Zhang et al., arXiv 2205.00119. torch's ``fully_shard`` does the work.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from jupyter_sdt.runtime.modelparallel.delayed_init import initialise
from jupyter_sdt.runtime.modelparallel.sharding.pieces import keep_group, local
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark, slice_of
from jupyter_sdt.runtime.modelparallel.world import World, group_ranks

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
    mesh = _mesh(world, asked.sharded_data_parallel_degree)
    threshold = asked.sdp_param_persistence_threshold
    whole = {p for p in module.parameters() if p.numel() < threshold}
    half = any(p.dtype in _HALF for p in module.parameters())
    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32 if half else None)
    slices = {name: slice_of(p) for name, p in module.named_parameters()}
    limit = min(asked.sdp_max_live_parameters, asked.sdp_reduce_bucket_size)
    for unit in units(module, limit):
        initialise(unit)
        unit.to(world.device)
        fully_shard(unit, mesh=mesh, ignored_params=whole, mp_policy=policy)
    for name, parameter in module.named_parameters():
        _describe(parameter, slices[name])


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


def _elements(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _describe(parameter: nn.Parameter, part: TensorSlice | None) -> None:
    """Say again what torch forgets when it replaces a parameter, and what scripts look for."""
    if part is not None:
        mark(parameter, part)
    described: Any = parameter
    described.ds_shape, described.ds_numel = parameter.shape, parameter.numel()
    described.ds_tensor = local(parameter)


def _mesh(world: World, degree: int) -> DeviceMesh:
    """Groups of ``degree`` neighbours, and across them the ranks that hold the same."""
    backend = "gloo" if world.device.type == "cpu" else None
    # Every rank makes every group, in one order: torch demands it.
    for replicas in _replicas_of_slices(world):
        grid = torch.tensor(replicas).view(-1, degree)
        made = [dist.new_group(row, backend=backend) for row in grid.tolist()]
        across = [dist.new_group(column, backend=backend) for column in grid.T.tolist()]
        if world.rank in replicas:
            ranks, rows, columns = grid, made, across
    place = (ranks == world.rank).nonzero()[0].tolist()
    row, column = rows[place[0]], columns[place[1]]
    keep_group(row)
    kind = world.device.type
    if len(rows) == 1:
        return DeviceMesh.from_group(row, kind, mesh_dim_names=("shard",))
    names = ("replicate", "shard")
    return DeviceMesh.from_group([column, row], kind, mesh=ranks, mesh_dim_names=names)


def _replicas_of_slices(world: World) -> list[tuple[int, ...]]:
    return sorted({group_ranks(world.layout, rank)["rdp"] for rank in range(world.world_size)})
