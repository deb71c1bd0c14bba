"""Sparse tensors, as of embeddings: every rank gets the rows of all."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .allgather import allgather_async
from .handles import synchronize
from .process_sets import ProcessSet, global_process_set
from .reduction import Average, ReduceOp, Sum


def sparse_allreduce_async(
    tensor: torch.Tensor,
    name: str | None = None,
    op: ReduceOp = Average,
    process_set: ProcessSet = global_process_set,
) -> Callable[[], torch.Tensor]:
    """Begin to add up sparse tensors; call what is returned for the result, a coalesced one.

    Raises ValueError for a dense tensor and for an ``op`` other than Average and Sum.
    """
    if tensor.layout != torch.sparse_coo or op not in (Average, Sum):
        raise ValueError(
            f"sparse_allreduce_async adds up tensors of torch.sparse_coo with hvd.Average or "
            f"hvd.Sum, not {tensor.layout} with {op}"
        )
    given = tensor.detach().coalesce()
    handles = [
        allgather_async(part.contiguous(), name, process_set)
        for part in (given.indices().t(), given.values())
    ]

    def finish() -> torch.Tensor:
        indices, values = (synchronize(handle) for handle in handles)
        if op is Average:
            values = values / process_set.size()
        added = torch.sparse_coo_tensor(indices.t(), values, given.shape, check_invariants=False)
        return added.coalesce()

    return finish
