"""Calls with tensors and simple values alone, which need not be pickled each time."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import torch

_SIMPLE = (type(None), bool, int, float, str)


class PlainCall(NamedTuple):
    """``kind`` is equal for calls that differ in the content of ``tensors`` alone."""

    kind: Hashable
    tensors: list[torch.Tensor]


def plain_call(thing: Any) -> PlainCall | None:
    """``thing``, positional and named arguments, as such a call; None if it is none."""
    if not (type(thing) is tuple and len(thing) == 2 and type(thing[0]) is tuple):
        return None
    given, named = thing
    if type(named) is not dict:
        return None
    kinds: list[Hashable] = []
    tensors: list[torch.Tensor] = []
    places: dict[int, int] = {}
    for value in (*given, *named.values()):
        if isinstance(value, torch.Tensor):
            place = places.setdefault(id(value), len(places))
            if place == len(tensors):
                tensors.append(value)
            kinds.append(place)
        elif type(value) in _SIMPLE:
            kinds.append((type(value), repr(value)))  # 0.0 equals -0.0 and False
        else:
            return None
    return PlainCall((len(given), tuple(named), tuple(kinds)), tensors)
