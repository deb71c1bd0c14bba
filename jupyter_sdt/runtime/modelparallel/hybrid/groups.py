"""The process groups of a job of version 2, made once, by all ranks in one order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.spec.hybrid_degrees import HybridDegrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some ranks, ascending, this one at place ``rank`` among them."""

    ranks: tuple[int, ...]
    rank: int
    process_group: Any

    @property
    def size(self) -> int:
        """How many ranks."""
        return len(self.ranks)


@dataclass(slots=True)
class Groups:
    """The groups of this rank; FSDP's are made when a model asks for them.

    ``mail`` is a group of all ranks for tensors on the CPU, which nothing else uses.
    """

    degrees: HybridDegrees
    device: torch.device
    mail: Any = field(init=False)
    tensor: Group = field(init=False)
    data: Group = field(init=False)
    batch: Group = field(init=False)
    context: Group = field(init=False)
    experts: Group = field(init=False)
    same_experts: Group = field(init=False)
    _made: dict[tuple[int, ...], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mail = dist.new_group(backend="gloo")
        self.tensor = self._among(self.degrees.tensor_groups())
        self.data = self._among(self.degrees.data_groups())
        self.batch = self._among(self.degrees.batch_groups())
        self.context = self._among(self.degrees.context_groups())
        self.experts = self._among(self.degrees.expert_groups())
        self.same_experts = self._among(self.degrees.same_expert_groups())
        # Scripts ask for these one by one, and all ranks must make them together.
        self.shard(self.degrees.shards)
        self.replicas(self.degrees.shards)

    def shard(self, shards: int) -> Group:
        """Ranks that share one copy of the parameters. All ranks call this together."""
        return self._among(self.degrees.shard_groups(shards))

    def replicas(self, shards: int) -> Group:
        """Ranks that hold the same parameters. All ranks call this together."""
        return self._among(self.degrees.replica_groups(shards))

    def _among(self, groups: Sequence[Sequence[int]]) -> Group:
        mine = next(tuple(group) for group in groups if dist.get_rank() in group)
        for ranks in map(tuple, groups):
            if ranks not in self._made:
                self._made[ranks] = self._maker()(list(ranks))
        return Group(ranks=mine, rank=mine.index(dist.get_rank()), process_group=self._made[mine])

    def _maker(self) -> Callable[[list[int]], Any]:
        """On CPUs FSDP needs collectives that gloo has, whatever the script's own group is."""
        backend = "gloo" if self.device.type == "cpu" else None
        return lambda ranks: dist.new_group(ranks, backend=backend)
