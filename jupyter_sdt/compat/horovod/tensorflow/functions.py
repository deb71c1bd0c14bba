"""Making the state of all ranks that of one: variables, and any object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from jupyter_sdt.compat._tensorflow.variables import BroadcastHook, global_variables
from jupyter_sdt.compat._tensorflow.variables import broadcast_variables as _broadcast

from ..torch import broadcast_ as torch_broadcast_
from ..torch import functions
from ..torch.process_sets import ProcessSet, global_process_set


def broadcast_variables(
    variables: Iterable[Any],
    root_rank: int,
    process_set: ProcessSet = global_process_set,
    inplace: bool = False,
) -> Any:
    """Overwrite variables with rank ``root_rank``'s; in a graph return the operation.

    ``inplace`` is a hint of Horovod about speed and has no effect. Raises ValueError for a root
    that is no member of the set.
    """
    del inplace
    return _broadcast(variables, broadcaster(root_rank, process_set))


def broadcast_(
    variables: Iterable[Any],
    root_rank: int,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> list[Any]:
    """As :func:`broadcast_variables`; returns the variables."""
    del name
    given = list(variables)
    broadcast_variables(given, root_rank, process_set)
    return given


def broadcast_global_variables(root_rank: int) -> Any:
    """As :func:`broadcast_variables` for all variables of a graph of TensorFlow 1."""
    return broadcast_variables(global_variables(), root_rank)


def BroadcastGlobalVariablesHook(root_rank: int, device: str = "") -> Any:  # noqa: N802 - Horovod's
    """Return a hook for sessions that broadcasts all variables when the session begins."""
    del device
    return BroadcastHook(broadcaster(root_rank))


def broadcast_object(
    obj: Any,
    root_rank: int = 0,
    session: Any = None,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Return rank ``root_rank``'s ``obj``, pickled on its way."""
    del session
    return functions.broadcast_object(obj, root_rank, name, process_set)


def broadcast_object_fn(
    root_rank: int = 0,
    session: Any = None,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> Callable[[Any], Any]:
    """Return :func:`broadcast_object` with these arguments."""
    return lambda obj: broadcast_object(obj, root_rank, session, name, process_set)


def allgather_object(
    obj: Any,
    session: Any = None,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> list[Any]:
    """Return every rank's ``obj``, in the order of ranks."""
    del session
    return functions.allgather_object(obj, name, process_set)


def broadcaster(
    root_rank: int, process_set: ProcessSet = global_process_set
) -> Callable[[torch.Tensor], None]:
    """A function that overwrites a tensor with rank ``root_rank``'s. Raises ValueError."""
    if root_rank not in process_set.ranks:
        raise ValueError(f"root_rank={root_rank} is not one of the ranks {process_set.ranks}")

    def replace(tensor: torch.Tensor) -> None:
        torch_broadcast_(tensor, root_rank, None, process_set)

    return replace
