"""Splitting the arguments of a step function into microbatches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import torch

from jupyter_sdt.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How one argument is split: into ``count`` equal parts along ``axis``."""

    argument: str
    count: int
    axis: int = 0


def split(value: Any, how: Split) -> list[Any]:
    """Return ``value`` for each microbatch.

    Tensors are split, also inside lists, tuples, sets and mappings of any class, which keep their
    class; objects with ``smp_slice(num_mb, mb, axis)`` split themselves; everything else is the
    same for all microbatches. Raises SpecError for tensors that cannot be divided.
    """
    if isinstance(value, torch.Tensor):
        return _split_tensor(value, how)
    if callable(getattr(value, "smp_slice", None)) and not isinstance(value, type):
        return [value.smp_slice(how.count, number, how.axis) for number in range(how.count)]
    if isinstance(value, Mapping):
        return _split_mapping(value, how)
    if isinstance(value, (list, tuple, Set)) and not isinstance(value, torch.Size):
        return _split_items(value, how)
    return [value] * how.count


def _split_tensor(tensor: torch.Tensor, how: Split) -> list[torch.Tensor]:
    if not -tensor.dim() <= how.axis < tensor.dim():
        raise SpecError(
            f"{how.argument} has shape {tuple(tensor.shape)} and so no axis {how.axis} to split "
            f"into microbatches={how.count}; list it in smp.step(non_split_inputs="
            f"[{how.argument!r}]), or name its batch axis in input_split_axes",
            argument=how.argument,
        )
    size = tensor.shape[how.axis]
    if size % how.count:
        below = size // how.count * how.count
        near = f"{below} or {below + how.count}" if below else str(how.count)
        raise SpecError(
            f"{how.argument} has {size} entries on axis {how.axis}, which microbatches={how.count} "
            f"does not divide; use a batch of {near} (drop_last=True for the last one)",
            argument=how.argument,
        )
    width = size // how.count
    return [tensor.narrow(how.axis, number * width, width) for number in range(how.count)]


def _split_mapping(value: Mapping[Any, Any], how: Split) -> list[Any]:
    parts = {key: split(entry, how) for key, entry in value.items()}
    if _untouched(parts.values(), value.values()):
        return [value] * how.count
    return [
        _with_entries(value, {key: part[number] for key, part in parts.items()})
        for number in range(how.count)
    ]


def _with_entries(value: Mapping[Any, Any], entries: dict[Any, Any]) -> Any:
    """A mapping of the same class, whatever its constructor takes."""
    try:
        clone: Any = copy.copy(value)
        for key, entry in entries.items():
            clone[key] = entry
    except TypeError:  # it cannot be changed
        return entries
    return clone


def _split_items(value: Any, how: Split) -> list[Any]:
    items = list(value)
    parts = [split(item, how) for item in items]
    if _untouched(parts, items):
        return [value] * how.count
    make: Callable[[list[Any]], Any] = type(value)
    if hasattr(value, "_fields"):  # a named tuple
        make = value._make
    return [make([part[number] for part in parts]) for number in range(how.count)]


def _untouched(parts: Any, items: Any) -> bool:
    """Whether nothing in a container was split, so that it can stay the object it is."""
    return all(part[0] is item for part, item in zip(parts, items, strict=True))
