"""Objects between ranks: send, recv_from, broadcast, allgather, barriers.

https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_common_api.html
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.pickling import pack, unpack
from jupyter_sdt.runtime.modelparallel.post import post
from jupyter_sdt.runtime.modelparallel.world import Group, GroupName


class CommGroup(Enum):
    """The groups a rank belongs to; ``DP_GROUP`` counts tensor-parallel peers as data parallel."""

    WORLD = "world"
    MP_GROUP = "mp"
    DP_GROUP = "dp"
    PP_GROUP = "pp"
    TP_GROUP = "tp"
    RDP_GROUP = "rdp"


class RankType(Enum):
    """What a rank is counted in: all ranks, or those of one group of this process."""

    WORLD_RANK = "world"
    MP_RANK = "mp"
    DP_RANK = "dp"
    PP_RANK = "pp"
    TP_RANK = "tp"
    RDP_RANK = "rdp"


def send(obj: Any, dest_rank: int, rank_type: RankType = RankType.WORLD_RANK) -> None:
    """Send any picklable ``obj``; the other calls :func:`recv_from`.

    Returns at once: the object is on its way, and may be changed. Two ranks that both send first
    do not block each other. Raises SpecError for a rank that is not in the group, CollectiveError
    when an earlier message did not arrive.
    """
    post().send(pack(obj), _global_rank(dest_rank, rank_type, "dest_rank"))


def recv_from(src_rank: int, rank_type: RankType = RankType.WORLD_RANK) -> Any:
    """Wait for the next object that ``src_rank`` sends or broadcasts; they come in order.

    Raises SpecError for a rank that is not in the group, CollectiveError when it is gone.
    """
    return unpack(post().receive(_global_rank(src_rank, rank_type, "src_rank")))


def broadcast(obj: Any, group: CommGroup = CommGroup.WORLD) -> None:
    """Send ``obj`` to all others of ``group``, who call :func:`recv_from` with this rank."""
    content, members = pack(obj), members_of(group)
    for place, rank in enumerate(members.ranks):
        if place != members.rank:
            post().send(content, rank)


def allgather(obj: Any, group: CommGroup = CommGroup.WORLD) -> list[Any]:
    """Return the objects of all ranks of ``group``, in its order. All of them call it."""
    members = members_of(group)
    sizes, padded = _padded(pack(obj), members)
    parts = [torch.empty_like(padded) for _ in members.ranks]
    dist.all_gather(parts, padded, group=members.process_group)
    return [unpack(part[:size]) for part, size in zip(parts, sizes, strict=True)]


def gather(obj: Any, group: CommGroup = CommGroup.WORLD) -> list[Any] | None:
    """As :func:`allgather`, on the first rank of ``group`` alone; the others get None."""
    members = members_of(group)
    sizes, padded = _padded(pack(obj), members)
    first = members.rank == 0
    parts = [torch.empty_like(padded) for _ in members.ranks] if first else None
    dist.gather(padded, parts, dst=members.ranks[0], group=members.process_group)
    if parts is None:
        return None
    return [unpack(part[:size]) for part, size in zip(parts, sizes, strict=True)]


def _padded(content: torch.Tensor, members: Group) -> tuple[list[int], torch.Tensor]:
    """The sizes of all ranks' contents, and this rank's, as long as the longest."""
    sizes = torch.zeros(members.size, dtype=torch.int64)
    sizes[members.rank] = content.numel()
    dist.all_reduce(sizes, group=members.process_group)
    padded = torch.empty(int(sizes.max()), dtype=torch.uint8)
    padded[: content.numel()] = content
    return sizes.tolist(), padded


def barrier(group: CommGroup = CommGroup.WORLD) -> None:
    """Wait until all ranks of ``group`` have come here."""
    dist.barrier(group=members_of(group).process_group)


def members_of(group: CommGroup) -> Group:
    """The group of this process that ``group`` means. Raises SpecError for anything else."""
    if not isinstance(group, CommGroup):
        known = ", ".join(f"smp.{known.name}" for known in CommGroup)
        raise SpecError(f"group={group!r} must be one of {known}", argument="group")
    return world.current().group(group.value)


def _global_rank(rank: int, rank_type: RankType, argument: str) -> int:
    if not isinstance(rank_type, RankType):
        known = ", ".join(f"smp.RankType.{known.name}" for known in RankType)
        raise SpecError(f"rank_type={rank_type!r} must be one of {known}", argument="rank_type")
    name: GroupName = rank_type.value
    group = world.current().group(name)
    if not isinstance(rank, int) or not 0 <= rank < group.size:
        raise SpecError(
            f"{argument}={rank!r} must be from 0 to {group.size - 1}: this rank's group {name!r} "
            f"has {group.size} ranks (RankType.{rank_type.name})",
            argument=argument,
        )
    return group.ranks[rank]
