"""Making the state of all ranks that of one: parameters, optimizers, and any object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from .basics import rank
from .broadcast import broadcast_, broadcast_async_
from .handles import synchronize
from .process_sets import ProcessSet, global_process_set


@dataclass(frozen=True, slots=True)
class _Place:
    """Stands for the n-th tensor of a state while the rest of it travels as an object."""

    number: int
    shape: tuple[int, ...]
    dtype: torch.dtype
    device: str


def broadcast_parameters(
    params: Mapping[str, Any] | Iterable[Any],
    root_rank: int,
    process_set: ProcessSet = global_process_set,
) -> None:
    """Overwrite ``model.state_dict()`` or ``model.named_parameters()`` with rank ``root_rank``'s.

    Raises ValueError for what is no tensor; None is passed over.
    """
    named: Iterable[Any] = sorted(params.items()) if isinstance(params, Mapping) else params
    tensors: list[Any] = [entry[1] if isinstance(entry, tuple) else entry for entry in named]
    for tensor in tensors:
        if tensor is not None and not isinstance(tensor, torch.Tensor):
            raise ValueError(f"broadcast_parameters: {type(tensor).__name__} is not a tensor")
    handles = [
        broadcast_async_(tensor, root_rank, None, process_set)
        for tensor in tensors
        if tensor is not None
    ]
    for handle in handles:
        synchronize(handle)


def broadcast_optimizer_state(
    optimizer: torch.optim.Optimizer,
    root_rank: int,
    model: torch.nn.Module | None = None,
    process_set: ProcessSet = global_process_set,
) -> None:
    """Give every rank the state and the settings of rank ``root_rank``'s optimizer.

    Any optimizer of torch will do, also one that has not made a step.
    """
    del model  # needed by Horovod to find parameters, not here
    tensors: list[torch.Tensor] = []
    state = _without_tensors(optimizer.state_dict(), tensors)
    state = broadcast_object(state, root_rank, process_set=process_set)
    if rank() != root_rank:
        tensors = []
        _make_tensors(state, tensors)
    for tensor in tensors:
        broadcast_(tensor, root_rank, None, process_set)
    if rank() != root_rank:
        optimizer.load_state_dict(_with_tensors(state, tensors))


def broadcast_object(
    obj: Any,
    root_rank: int = 0,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Return rank ``root_rank``'s ``obj``, pickled on its way."""
    del name
    process_set.enter("broadcast_object")
    box = [obj if rank() == root_rank else None]
    dist.broadcast_object_list(box, src=root_rank, group=process_set.group)
    return obj if rank() == root_rank else box[0]


def allgather_object(
    obj: Any, name: str | None = None, process_set: ProcessSet = global_process_set
) -> list[Any]:
    """Return every rank's ``obj``, in the order of ranks, pickled on their way."""
    del name
    process_set.enter("allgather_object")
    box: list[Any] = [None] * process_set.size()
    dist.all_gather_object(box, obj, group=process_set.group)
    return box


def _without_tensors(value: Any, tensors: list[torch.Tensor]) -> Any:
    """A copy with a ``_Place`` for each tensor, which is put into ``tensors``."""
    if isinstance(value, torch.Tensor):
        tensors.append(value.detach())
        return _Place(len(tensors) - 1, tuple(value.shape), value.dtype, value.device.type)
    return _mapped(value, lambda inner: _without_tensors(inner, tensors))


def _make_tensors(value: Any, tensors: list[torch.Tensor]) -> None:
    """Append a tensor for each ``_Place``, in their order."""
    if isinstance(value, _Place):
        tensors.append(torch.empty(value.shape, dtype=value.dtype, device=value.device))
    _mapped(value, lambda inner: _make_tensors(inner, tensors))


def _with_tensors(value: Any, tensors: list[torch.Tensor]) -> Any:
    if isinstance(value, _Place):
        return tensors[value.number]
    return _mapped(value, lambda inner: _with_tensors(inner, tensors))


def _mapped(value: Any, function: Any) -> Any:
    """``value`` with ``function`` applied to what it contains."""
    if isinstance(value, dict):
        return {key: function(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(function(inner) for inner in value)
    return value
