"""Which rank sits where in version 2 of model parallelism: tensor peers, shards, replicas.

https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.layout import nearest_multiples

# What HYBRID_SHARD means where nobody said how many ranks share a model: a node of 8 GPUs.
_USUAL_NODE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridDegrees:
    """``world_size`` = replicas x shards x tensor peers; tensor peers are neighbours.

    ``hybrid_shard_degree`` 0 leaves it to the script how many ranks share a model; with tensor
    parallelism they all do.
    """

    world_size: int
    tensor_parallel_degree: int = 1
    hybrid_shard_degree: int = 0

    @classmethod
    def of(cls, parameters: Mapping[str, Any], world_size: int) -> Self:
        """The degrees that ``parameters`` ask for. Raises DistributionError if they do not fit."""
        tensor = int(parameters.get("tensor_parallel_degree", 1))
        shards = int(parameters.get("hybrid_shard_degree", 0))
        _check_divides(tensor, max(shards, 1), world_size)
        return cls(world_size=world_size, tensor_parallel_degree=tensor, hybrid_shard_degree=shards)

    @property
    def data_ranks(self) -> int:
        """How many ranks have a batch of their own."""
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
        """Ranks with the same parts of layers and batches of their own."""
        size = self.tensor_parallel_degree
        return [list(range(n, self.world_size, size)) for n in range(size)]

    def shard_groups(self, shards: int) -> list[list[int]]:
        """Ranks that share one copy of the parameters."""
        groups = self.data_groups()
        return [g[n : n + shards] for g in groups for n in range(0, len(g), shards)]

    def replica_groups(self, shards: int) -> list[list[int]]:
        """Ranks that hold the same parameters."""
        return [group[n::shards] for group in self.data_groups() for n in range(shards)]


def _check_divides(tensor: int, shards: int, world_size: int) -> None:
    if world_size % (tensor * shards):
        raise DistributionError(
            f"{world_size} processes (instance_count x processes_per_node) are not a multiple of "
            f"tensor_parallel_degree={tensor} x hybrid_shard_degree={shards} = {tensor * shards}; "
            f"{nearest_multiples(world_size, tensor * shards)}",
            argument="distribution",
        )


def check_available(parameters: Mapping[str, Any]) -> None:
    """Raise DistributionError for what SageMaker's library has and ours lacks."""
    for name, instead in (
        ("context_parallel_degree", "torch's context_parallel has kernels for CUDA only"),
        ("expert_parallel_degree", "tensor_parallel_degree divides experts as well"),
    ):
        if (degree := int(parameters.get(name, 1))) > 1:
            raise DistributionError(
                f"{name}={degree} is not available in jupyter_sdt's torch.sagemaker; use 1: "
                f"{instead}",
                argument="distribution",
            )
