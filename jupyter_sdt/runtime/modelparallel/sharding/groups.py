"""The process groups of sharded data parallelism, and the collectives that suit them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh

from jupyter_sdt.runtime.dataparallel.topology import node_identity
from jupyter_sdt.runtime.modelparallel.sharding.collectives import (
    HierarchicalAllGather,
    HierarchicalReduceScatter,
    ReduceScatter,
)
from jupyter_sdt.runtime.modelparallel.world import World, group_ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardGroup:
    """The ranks that hold one model together, this one among them.

    ``all_gather`` is None for torch's own. Where it ``overlaps``, collectives run beside the
    computation.
    """

    group: Any
    overlaps: bool
    all_gather: Any
    reduce_scatter: Any


def shard_mesh(world: World) -> tuple[DeviceMesh, ShardGroup]:
    """Groups of so many neighbours as the degree says, and across them who holds the same.

    All ranks call it.
    """
    degree, nodes = world.parameters.sharded_data_parallel_degree, _nodes(world)
    grids = [torch.tensor(ranks).view(-1, degree) for ranks in _replicas_of_slices(world)]
    # Every rank makes every group, in one order: torch demands it.
    made = [_groups_of(world, grid, nodes) for grid in grids]
    mine = next(n for n, grid in enumerate(grids) if (grid == world.rank).any())
    return _mesh(world, grids[mine], *made[mine])


def _groups_of(
    world: World, grid: torch.Tensor, nodes: list[Any]
) -> tuple[list[ShardGroup], list[Any]]:
    """The ranks of each row hold one model together, those of each column the same part."""
    rows = [_shard_group(world, row, nodes) for row in grid.tolist()]
    return rows, [_new_group(world, column, nodes) for column in grid.T.tolist()]


def _mesh(
    world: World, grid: torch.Tensor, rows: list[ShardGroup], columns: list[Any]
) -> tuple[DeviceMesh, ShardGroup]:
    row, column = (grid == world.rank).nonzero()[0].tolist()
    shards, kind = rows[row], world.device.type
    if len(rows) == 1:
        return DeviceMesh.from_group(shards.group, kind, mesh_dim_names=("shard",)), shards
    names, groups = ("replicate", "shard"), [columns[column], shards.group]
    return DeviceMesh.from_group(groups, kind, mesh=grid, mesh_dim_names=names), shards


def _replicas_of_slices(world: World) -> list[tuple[int, ...]]:
    return sorted({group_ranks(world.layout, rank)["rdp"] for rank in range(world.world_size)})


def _shard_group(world: World, ranks: list[int], nodes: list[Any]) -> ShardGroup:
    group = _new_group(world, ranks, nodes)
    gather: Any = None
    scatter: Any = ReduceScatter()
    levels = _levels(ranks, nodes)
    if levels and world.parameters.sdp_hierarchical_allgather:
        within = [_new_group(world, level, nodes) for level in levels]
        columns = [list(column) for column in zip(*levels, strict=True)]
        across = [_new_group(world, column, nodes) for column in columns]
        if world.rank in ranks:
            node = next(n for n, level in enumerate(levels) if world.rank in level)
            pair = across[levels[node].index(world.rank)], within[node]
            gather, scatter = HierarchicalAllGather(*pair), HierarchicalReduceScatter(*pair)
    return ShardGroup(
        group=group,
        overlaps=world.device.type != "cpu",
        all_gather=gather,
        reduce_scatter=scatter,
    )


def _new_group(world: World, ranks: list[int], nodes: list[Any]) -> Any:
    """Ranks of one node share memory; between nodes it is gloo that sums on CPUs."""
    backend = None
    if world.device.type == "cpu":
        backend = "smddp" if len({nodes[rank] for rank in ranks}) == 1 else "gloo"
    return dist.new_group(ranks, backend=backend)


def _levels(ranks: list[int], nodes: list[Any]) -> list[list[int]]:
    """``ranks`` node by node, where two steps are worth it: several nodes with several each.

    Empty where they are not, or where nodes differ in size or do not follow each other.
    """
    found: dict[Any, list[int]] = {}
    for rank in ranks:
        found.setdefault(nodes[rank], []).append(rank)
    levels = list(found.values())
    regular = list(chain(*levels)) == ranks and len({len(level) for level in levels}) == 1
    return levels if regular and len(levels) > 1 and len(levels[0]) > 1 else []


def _nodes(world: World) -> list[Any]:
    """Of every rank the node it is on; on CPUs that is who can share memory."""
    on_cpu = world.device.type == "cpu"
    mine = node_identity(world.rank) if on_cpu else world.node_rank
    found: list[Any] = [None] * world.world_size
    dist.all_gather_object(found, mine)
    return found
