"""Which rank sits where in version 2 of model parallelism: tensor peers, shards, replicas.

https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.layout import nearest_divisor, nearest_multiples

# What HYBRID_SHARD means where nobody said how many ranks share a model: a node of 8 GPUs.
_USUAL_NODE = 8
_CONTEXT, _EXPERTS = "context_parallel_degree", "expert_parallel_degree"


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridDegrees:
    """``world_size`` = replicas x shards x tensor peers; tensor peers are neighbours.

    ``hybrid_shard_degree`` 0 leaves it to the script how many ranks share a model; with tensor
    parallelism they all do. Context peers, which have parts of the same sequences, and expert
    peers, which have different experts, are neighbours among ranks with the same part of layers.
    """

    world_size: int
    tensor_parallel_degree: int = 1
    hybrid_shard_degree: int = 0
    context_parallel_degree: int = 1
    expert_parallel_degree: int = 1

    @classmethod
    def of(cls, parameters: Mapping[str, Any], world_size: int) -> Self:
        """The degrees that ``parameters`` ask for. Raises DistributionError if they do not fit."""
        names = ("tensor_parallel_degree", "hybrid_shard_degree", _CONTEXT, _EXPERTS)
        given = {name: int(parameters[name]) for name in names if name in parameters}
        degrees = cls(world_size=world_size, **given)
        degrees._check_shards()
        degrees._check_context()
        degrees._check_experts()
        return degrees

    @property
    def data_ranks(self) -> int:
        """How many ranks have the same part of layers; context peers share batches."""
        return self.world_size // self.tensor_parallel_degree

    @property
    def shards(self) -> int:
        """How many ranks share one model's parameters, unless the script decides."""
        return self.hybrid_shard_degree or self.data_ranks

    @property
    def shards_of_a_node(self) -> int:
        """The same for a script that says HYBRID_SHARD and no number."""
        if self.hybrid_shard_degree or self.tensor_parallel_degree > 1:
            return self.shards
        fitting = range(1, min(_USUAL_NODE, self.data_ranks) + 1)
        return max(size for size in fitting if self.data_ranks % size == 0)

    def tensor_groups(self) -> list[list[int]]:
        """Ranks that have parts of the same layers."""
        size = self.tensor_parallel_degree
        return [list(range(n, n + size)) for n in range(0, self.world_size, size)]

    def data_groups(self) -> list[list[int]]:
        """Ranks with the same parts of layers."""
        size = self.tensor_parallel_degree
        return [list(range(n, self.world_size, size)) for n in range(size)]

    def batch_groups(self) -> list[list[int]]:
        """Ranks with the same parts of layers and of sequences, and batches of their own."""
        return self._apart(self.context_parallel_degree)

    def context_groups(self) -> list[list[int]]:
        """Ranks with parts of the same sequences."""
        return self._neighbours(self.context_parallel_degree)

    def expert_groups(self) -> list[list[int]]:
        """Ranks that hold all experts together."""
        return self._neighbours(self.expert_parallel_degree)

    def shard_groups(self, shards: int) -> list[list[int]]:
        """Ranks that share one copy of the parameters."""
        return self._neighbours(shards)

    def replica_groups(self, shards: int) -> list[list[int]]:
        """Ranks that hold the same parameters."""
        return self._apart(shards)

    def same_expert_groups(self) -> list[list[int]]:
        """Ranks with the same experts."""
        return self._apart(self.expert_parallel_degree)

    def _neighbours(self, size: int) -> list[list[int]]:
        return [g[n : n + size] for g in self.data_groups() for n in range(0, len(g), size)]

    def _apart(self, size: int) -> list[list[int]]:
        return [group[n::size] for group in self.data_groups() for n in range(size)]

    def _check_shards(self) -> None:
        tensor, shards = self.tensor_parallel_degree, max(self.hybrid_shard_degree, 1)
        if self.world_size % (tensor * shards):
            raise DistributionError(
                f"{self.world_size} processes (instance_count x processes_per_node) are not a "
                f"multiple of tensor_parallel_degree={tensor} x hybrid_shard_degree={shards} = "
                f"{tensor * shards}; {nearest_multiples(self.world_size, tensor * shards)}",
                argument="distribution",
            )

    def _check_context(self) -> None:
        """As documented, a sequence is not divided among more ranks than the model is."""
        if self.shards % self.context_parallel_degree:
            named = (
                "hybrid_shard_degree" if self.hybrid_shard_degree else "ranks that share a model"
            )
            raise _does_not_divide(_CONTEXT, self.context_parallel_degree, named, self.shards)

    def _check_experts(self) -> None:
        if self.data_ranks % self.expert_parallel_degree:
            named = "ranks with the same part of layers"
            raise _does_not_divide(_EXPERTS, self.expert_parallel_degree, named, self.data_ranks)


def _does_not_divide(name: str, degree: int, other: str, size: int) -> DistributionError:
    return DistributionError(
        f"{name}={degree} does not divide {other}={size}; use "
        f"{name}={nearest_divisor(size, degree)}",
        argument="distribution",
    )
