"""Norms and overflow of gradients that several ranks hold together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.sharding.pieces import norm_of_pieces
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of
from jupyter_sdt.runtime.modelparallel.world import GroupName

# A parameter of the model, and the gradient of it or of a part.
Gradients = Iterable[tuple[torch.Tensor, torch.Tensor]]


def gradient_norm(
    gradients: Gradients, norm_type: float = 2.0, groups: Sequence[GroupName] = ()
) -> float:
    """The norm over all ranks of ``groups``, which hold different gradients and all call it.

    What tensor-parallel ranks all hold counts once.
    """
    # Optimizers such as FusedLAMB are used without smp, too.
    sharded = world.is_started() and world.current().parameters.sharded
    first = not (sharded or "mp" in groups) or world.current().group("tp").rank == 0
    mine = [pair for pair in gradients if first or slice_of(pair[0])]
    if sharded:
        peers = world.current().group("tp")
        return norm_of_pieces(mine, norm_type, [peers.process_group] if peers.size > 1 else [])
    return _together([_norm(gradient, norm_type) for _, gradient in mine], norm_type, groups)


def slice_norm(parameter: torch.Tensor, values: torch.Tensor, norm_type: float = 2.0) -> float:
    """The norm of ``values`` of one parameter, over all ranks that hold a slice of it."""
    groups: list[GroupName] = ["tp"] if slice_of(parameter) is not None else []
    return _together([_norm(values, norm_type)], norm_type, groups)


def overflows(gradients: Gradients) -> bool:
    """Whether a gradient of the model is infinite or not a number, on any rank that holds one."""
    return on_any_rank(any(not torch.isfinite(gradient).all() for _, gradient in gradients))


def on_any_rank(mine: bool) -> bool:
    """Whether it is so on any rank of the model. All of them call it."""
    return _combined(float(mine), dist.ReduceOp.MAX, sharing_groups()) > 0


def _norm(tensor: torch.Tensor, norm_type: float) -> float:
    return float(torch.linalg.vector_norm(tensor.detach(), norm_type, dtype=torch.float64))


def _together(norms: list[float], norm_type: float, groups: Sequence[GroupName]) -> float:
    if math.isinf(norm_type):
        return _combined(max(norms, default=0.0), dist.ReduceOp.MAX, groups)
    total = sum(norm**norm_type for norm in norms)
    return float(_combined(total, dist.ReduceOp.SUM, groups) ** (1.0 / norm_type))


def sharing_groups() -> list[GroupName]:
    """The groups whose ranks hold different parts of what one optimizer updates."""
    asked = world.current().parameters
    sharded = asked.shard_optimizer_state or asked.sharded
    return ["mp", "rdp"] if sharded else ["mp"]


def _combined(
    value: float, operation: dist.ReduceOp.RedOpType, groups: Sequence[GroupName]
) -> float:
    box = torch.tensor(value, dtype=torch.float64)
    for name in groups:
        group = world.current().group(name)
        if group.size > 1:
            dist.all_reduce(box, operation, group=group.process_group)
    return float(box)
