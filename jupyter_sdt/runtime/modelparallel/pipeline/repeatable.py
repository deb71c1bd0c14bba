"""What of a model may be gone back through twice: nothing that would notice.

Tensors and modules may have hooks, and what is computed anew in backward would be once more. torch
does not tell what hangs on a graph, so it is counted what is registered while a module runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction
from torch.utils.hooks import BackwardHook

_noticing = [0]


def notice() -> None:
    """Count one thing that would notice."""
    _noticing[0] += 1


def noticed() -> int:
    """How many there have been."""
    return _noticing[0]


@functools.cache
def watch() -> None:
    """Count hooks of tensors and of modules that are registered in this process from now on."""
    watched: tuple[tuple[Any, str], ...] = (
        (torch.Tensor, "register_hook"),
        (torch.Tensor, "retain_grad"),
        (BackwardHook, "__init__"),
    )
    for owner, name in watched:
        setattr(owner, name, _counted(getattr(owner, name)))


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def counted(*arguments: Any, **named: Any) -> Any:
        notice()
        return method(*arguments, **named)

    return counted


def is_plain(outputs: Sequence[torch.Tensor], *, but: type) -> bool:
    """Whether only torch's own formulas lead to ``outputs``, and ``but``, an autograd function.

    Those of others may do what must be done once, such as talking to other ranks.
    """
    waiting = [tensor.grad_fn for tensor in outputs if tensor.grad_fn is not None]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        foreign = isinstance(node, BackwardCFunction) and node._forward_cls is not but
        if foreign or "CppNode" in node.name():  # written in Python, or in C++
            return False
        following = {after for after, _ in node.next_functions if after is not None} - seen
        seen |= following
        waiting += following
    return True
