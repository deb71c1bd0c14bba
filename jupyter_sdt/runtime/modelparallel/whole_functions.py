"""Functions of torch.nn.init that pass over the meta device, where parameters wait for values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

# What they do to tensors without values is nothing, not even an operation to be written down.
_NAMES = ("_no_grad_trunc_normal_", "orthogonal_", "dirac_", "sparse_")
Later = Callable[[Any, torch.Tensor, tuple[Any, Any]], None]


@contextmanager
def whole_functions(waits: Callable[[object], bool], later: Later) -> Iterator[None]:
    """In this context hand such a function to ``later`` where its tensor ``waits``.

    ``later`` gets the function, the tensor, and the other arguments as (args, kwargs).
    """
    before = {name: getattr(nn.init, name) for name in _NAMES if hasattr(nn.init, name)}
    for name, function in before.items():
        setattr(nn.init, name, _postponing(function, waits, later))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(nn.init, name, function)


def _postponing(function: Any, waits: Callable[[object], bool], later: Later) -> Any:
    @functools.wraps(function)
    def call(tensor: torch.Tensor, *arguments: Any, **named: Any) -> torch.Tensor:
        if waits(tensor):
            later(function, tensor, (arguments, named))
            return tensor
        found: torch.Tensor = function(tensor, *arguments, **named)
        return found

    return call
