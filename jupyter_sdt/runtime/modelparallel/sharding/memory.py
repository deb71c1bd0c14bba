"""Memory of each rank that trains a sharded model, predicted."""

from __future__ import annotations

import math

from torch import nn

from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.partition.memory import StageMemory
from jupyter_sdt.runtime.modelparallel.sharding.shard import largest_unit, units


def predict_sharded_memory(
    model: nn.Module, asked: Parameters, *, activations: int = 0, optimizer_factor: float = 2.0
) -> StageMemory:
    """Memory of a rank that trains ``model``, as it is before it is wrapped, as ``asked``.

    A rank has its share of what is divided, and all that is smaller than
    ``sdp_param_persistence_threshold``. Beside it one layer is whole, first its parameters with
    their gradients, then its gradients with the copy that is reduced; what belongs to no layer is
    whole from the first forward to the last backward. ``optimizer_factor`` is the optimizer's state
    in units of the parameters: 2 for Adam.
    """
    whole = sum(parameter.nbytes for parameter in model.parameters())
    *layers, outside = _divided_bytes(model, asked)
    divided = sum(layers) + outside
    held = whole - divided + math.ceil(divided / asked.sharded_data_parallel_degree)
    return StageMemory(
        parameters=held,
        gradients=held,
        optimizer=int(held * optimizer_factor),
        activations=activations,
        temporary=2 * (max(layers, default=0) + outside),
    )


def _divided_bytes(model: nn.Module, asked: Parameters) -> list[int]:
    """Of each module that is gathered at a time; the last is the model without its layers."""
    found: list[int] = []
    seen: set[nn.Parameter] = set()
    for unit in units(model, largest_unit(asked)):
        new = set(unit.parameters()) - seen
        seen |= new
        large = (p for p in new if p.numel() >= asked.sdp_param_persistence_threshold)
        found.append(sum(parameter.nbytes for parameter in large))
    return found
