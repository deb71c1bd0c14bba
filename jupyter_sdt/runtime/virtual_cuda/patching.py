"""Putting a function of ours in place of one of torch's, recognisable under its name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from torch.jit import _builtins

Function = Callable[..., Any]


def wrap(owner: Any, name: str, make: Callable[[Function], Function]) -> None:
    """Replace ``owner.name`` by ``make(original)``; a name that this torch lacks is left out."""
    original = getattr(owner, name, None)
    if original is None:
        return
    ours = functools.update_wrapper(make(original), original)
    if isinstance(owner, ModuleType):
        # Where pickle finds it; torch's own functions say so in another way.
        ours.__module__, ours.__qualname__ = owner.__name__, name
    setattr(owner, name, ours)
    # TorchScript knows torch's functions by identity.
    operator = _builtins._find_builtin(original)  # type: ignore[no-untyped-call]
    if operator is not None:
        _builtins._register_builtin(ours, operator)


def provide(functions: Mapping[str, Any], *modules: ModuleType) -> None:
    """Give modules of torch our functions under their names, where they have such names."""
    for module in modules:
        for name, function in functions.items():
            if hasattr(module, name):
                setattr(module, name, function)


def public(module: ModuleType, names: Iterable[str]) -> dict[str, Any]:
    """The functions of one of our modules, by name."""
    return {name: getattr(module, name) for name in names}
