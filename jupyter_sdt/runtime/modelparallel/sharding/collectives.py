"""How torch's ``fully_shard`` collects the parameters of a layer and reduces their gradients here.

What torch does by itself is for GPUs, where copies and collectives run beside the computation. On a
CPU they do not: what is held for them is memory for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist

# torch 2.13 warns of the older names.
_GATHER: Any = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
_SCATTER: Any = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor


class _Allocating:
    def allocate(
        self, size: Sequence[int], *, dtype: torch.dtype, device: torch.device
    ) -> torch.Tensor:
        """Memory for a collective."""
        return torch.empty(tuple(size), dtype=dtype, device=device)


class ReduceScatter(_Allocating):
    """Torch's own, which gives its input's memory back: torch keeps it until the next layer's."""

    def __call__(
        self,
        output_tensor: torch.Tensor,
        input_tensor: torch.Tensor,
        group: Any,
        op: Any,
        async_op: bool = False,
    ) -> Any:
        """Combine the gradients of all ranks; this one keeps its share."""
        work = _SCATTER(output_tensor, input_tensor, op=op, group=group, async_op=async_op)
        if work is None:
            _free(input_tensor)
        return work


class HierarchicalReduceScatter(_Allocating):
    """ReduceScatter in two steps: the ranks of a node combine theirs, then the nodes.

    Groups are those of :class:`HierarchicalAllGather`; for sums and means.
    """

    def __init__(self, across: Any, within: Any) -> None:
        self._across, self._within = across, within

    def __call__(
        self,
        output_tensor: torch.Tensor,
        input_tensor: torch.Tensor,
        group: Any,  # noqa: ARG002 - torch hands it over
        op: Any,
        async_op: bool = False,  # noqa: ARG002 - it is done on return
    ) -> None:
        """Combine the gradients of all ranks; this one keeps its share."""
        nodes = self._across.size()
        shares = output_tensor.new_empty(nodes, output_tensor.numel())
        for share, whole in zip(shares, input_tensor.view(nodes, -1), strict=True):
            _SCATTER(share, whole, op=op, group=self._within)
        _free(input_tensor)
        _SCATTER(output_tensor, shares.view(-1), op=op, group=self._across)


class HierarchicalAllGather(_Allocating):
    """AllGather in two steps: between nodes each shard travels once, then within each node.

    ``across`` are the ranks with this rank's place on all nodes, ``within`` those of its node. The
    ranks of a node follow each other in the whole group. Zhang et al., arXiv 2205.00119, section
    3.3.
    """

    def __init__(self, across: Any, within: Any) -> None:
        self._across, self._within = across, within

    def __call__(
        self,
        output_tensor: torch.Tensor,
        input_tensor: torch.Tensor,
        group: Any,  # noqa: ARG002 - torch hands it over
        async_op: bool = False,  # noqa: ARG002 - it is done on return
    ) -> None:
        """Collect the shards of all ranks, in their order."""
        nodes = self._across.size()
        shards = input_tensor.new_empty(nodes, input_tensor.numel())
        _GATHER(shards.view(-1), input_tensor, group=self._across)
        for whole, shard in zip(output_tensor.view(nodes, -1), shards, strict=True):
            _GATHER(whole, shard, group=self._within)


def _free(tensor: torch.Tensor) -> None:
    """Give memory back that others hold on to; on a GPU its stream still needs it."""
    if tensor.is_cpu:
        tensor.untyped_storage().resize_(0)
