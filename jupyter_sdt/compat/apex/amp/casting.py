"""Functions that amp should run in one precision: as decorators, and by module and name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from .master_weights import cast

Function = Callable[..., Any]


def half_function(fn: Function) -> Function:
    """Run ``fn`` in float16 while amp casts."""
    return _in_dtype(fn, torch.float16)


def float_function(fn: Function) -> Function:
    """Run ``fn`` in float32 while amp casts."""
    return _in_dtype(fn, torch.float32)


def promote_function(fn: Function) -> Function:
    """Run ``fn`` in the widest of its arguments' precisions, as torch does anyhow."""
    return fn


def register_half_function(module: Any, function_name: str) -> None:
    """The same for a function of a module."""
    setattr(module, function_name, half_function(getattr(module, function_name)))


def register_float_function(module: Any, function_name: str) -> None:
    """The same for a function of a module."""
    setattr(module, function_name, float_function(getattr(module, function_name)))


def register_promote_function(module: Any, function_name: str) -> None:
    """The same for a function of a module."""
    setattr(module, function_name, promote_function(getattr(module, function_name)))


def _in_dtype(fn: Function, dtype: torch.dtype) -> Function:
    @functools.wraps(fn)
    def cast_and_call(*arguments: Any, **named: Any) -> Any:
        if not torch.is_autocast_enabled("cuda"):
            return fn(*arguments, **named)
        with torch.autocast("cuda", enabled=False):
            return fn(*cast(arguments, dtype), **cast(named, dtype))

    return cast_and_call
