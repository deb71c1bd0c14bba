"""Tensors of which this rank has a piece."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor, distribute_tensor

_shard_group: Any = None


def keep_group(group: Any) -> None:
    """Remember the ranks that hold one whole model together, this one among them."""
    global _shard_group
    _shard_group = group


def is_piece(tensor: object) -> bool:
    """Whether other ranks hold the rest of ``tensor``."""
    return isinstance(tensor, DTensor)


def local(tensor: torch.Tensor) -> torch.Tensor:
    """What of ``tensor`` lies here, in the same memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """All of ``tensor``; the ranks that hold it call this together."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def divided_like(value: Any, tensor: object) -> Any:
    """``value``, all of a tensor or this rank's piece, as ``tensor`` is divided."""
    if not isinstance(tensor, DTensor) or not isinstance(value, torch.Tensor):
        return value
    mesh, placements = tensor.device_mesh, tensor.placements
    if isinstance(value, DTensor):
        return value
    if value.shape == tensor.shape:
        return distribute_tensor(value, mesh, placements, src_data_rank=None)
    return DTensor.from_local(
        value, mesh, placements, run_check=False, shape=tensor.shape, stride=tensor.stride()
    )


def norm_of_pieces(
    gradients: Iterable[tuple[torch.Tensor, torch.Tensor]], norm_type: float, groups: Sequence[Any]
) -> float:
    """The norm of all gradients; what every rank of a shard group holds whole counts once.

    ``groups`` are further process groups whose ranks give different gradients.
    """
    first = dist.get_rank(_shard_group) == 0
    norms = [
        _norm(gradient.detach(), norm_type)
        for parameter, gradient in gradients
        if gradient.numel() and (first or is_piece(parameter))
    ]
    largest = math.isinf(norm_type)
    mine = max(norms, default=0.0) if largest else sum(norm**norm_type for norm in norms)
    box = torch.tensor(mine, dtype=torch.float64)
    operation = dist.ReduceOp.MAX if largest else dist.ReduceOp.SUM
    if dist.get_backend(_shard_group) == "nccl":
        box = box.cuda()
    for group in (_shard_group, *groups):
        dist.all_reduce(box, operation, group=group)
    return float(box) if largest else float(box) ** (1.0 / norm_type)


def _norm(values: torch.Tensor, norm_type: float) -> float:
    # In float64 it takes 40 times as long; each is of one parameter, and their sum is exact.
    dtype = torch.promote_types(values.dtype, torch.float32)
    return float(torch.linalg.vector_norm(values, norm_type, dtype=dtype))
