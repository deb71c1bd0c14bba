"""Doing something to every module that is made in a context."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

Action = Callable[[nn.Module], object]
_entered: list[Action] = []
_plain_init = nn.Module.__init__


@contextmanager
def on_creation(action: Action) -> Iterator[None]:
    """Call ``action`` with each module whose ``nn.Module.__init__`` runs in this context.

    Of several contexts the innermost acts last. Nothing else of the module exists by then.
    """
    _entered.append(action)
    # Only in here, so that nobody who does not use it pays for it or sees it.
    nn.Module.__init__ = _acting_init  # type: ignore[method-assign]
    try:
        yield
    finally:
        _entered.pop()
        if not _entered:
            nn.Module.__init__ = _plain_init  # type: ignore[method-assign]


@functools.wraps(_plain_init)
def _acting_init(self: nn.Module, *arguments: Any, **named: Any) -> None:
    _plain_init(self, *arguments, **named)
    for action in _entered:
        action(self)
