"""Knowing at each moment which module computes, in forward and in backward."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

Backward = Callable[..., None]
_Node = torch.autograd.graph.Node


class Watch:
    """Follows the modules of ``model``; ``current`` is the name of the one that computes.

    It is None outside of the model. ``calls`` counts calls and keeps the order of the first ones.
    In backward a step of the graph belongs to the module that made it in forward, which its
    sequence number tells. ``ended`` is told at each change which module was the current one.
    """

    def __init__(
        self, model: nn.Module, ended: Callable[[str | None], None] = lambda _: None
    ) -> None:
        self.model = model
        self.current: str | None = None
        self.calls: dict[str, int] = {}
        self.owners = {
            id(parameter): name
            for name, module in model.named_modules()
            for parameter in module.parameters(recurse=False)
        }
        self._ended = ended
        self._running: list[str] = []
        self._in_backward = False
        # From which sequence number on which module was the current one.
        self._numbers: list[int] = []
        self._makers: list[str | None] = []

    def outermost(self, names: Collection[str]) -> str | None:
        """The outermost running module that is one of ``names``."""
        return next((name for name in self._running if name in names), None)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Listen to every call of every module within this context."""
        handles: list[RemovableHandle] = []
        for name, module in self.model.named_modules():
            handles.append(module.register_forward_pre_hook(self._enter(name), prepend=True))
            handles.append(module.register_forward_hook(self._leave(), always_call=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def backward(self, tensors: Any, grad_tensors: Any = None) -> None:
        """What torch.autograd.backward does, while the makers of its steps are followed."""
        roots = [tensors] if isinstance(tensors, torch.Tensor) else list(tensors)
        handles = [handle for node in _graph(roots) for handle in self._follow(node)]
        self._in_backward = True
        try:
            torch.autograd.backward(roots, grad_tensors)
        finally:
            self._in_backward = False
            for handle in handles:
                handle.remove()
            self._switch(None)

    def _enter(self, name: str) -> Callable[..., None]:
        def entered(*_: Any) -> None:
            # What backward calls again is a recomputation, and belongs to the step that wants it.
            if not self._in_backward:
                self.calls[name] = self.calls.get(name, 0) + 1
                self._running.append(name)
                self._switch(name)

        return entered

    def _leave(self) -> Callable[..., None]:
        def left(*_: Any) -> None:
            if not self._in_backward and self._running:
                self._running.pop()
                self._switch(self._running[-1] if self._running else None)

        return left

    def _switch(self, name: str | None) -> None:
        self._ended(self.current)
        self.current = name
        if not self._in_backward:
            self._numbers.append(_next_number())
            self._makers.append(name)

    def _follow(self, node: _Node) -> list[RemovableHandle]:
        maker = self._maker(node)
        return [
            node.register_prehook(lambda _: self._switch(maker)),
            node.register_hook(lambda *_: self._switch(None)),
        ]

    def _maker(self, node: _Node) -> str | None:
        variable = getattr(node, "variable", None)
        if variable is not None:
            return self.owners.get(id(variable))
        place = bisect_right(self._numbers, _number(node)) - 1
        return self._makers[place] if place >= 0 else None


def _graph(roots: Sequence[torch.Tensor]) -> list[_Node]:
    """Every step of the graph behind ``roots``."""
    waiting = [root.grad_fn for root in roots if root.grad_fn is not None]
    seen = set(waiting)
    for node in waiting:
        new = {after for after, _ in node.next_functions if after is not None} - seen
        seen |= new
        waiting.extend(new)
    return waiting


def _next_number() -> int:
    """The sequence number that autograd gives to the next step it records in this thread."""
    return int(torch._C._autograd._get_sequence_nr())


def _number(node: _Node) -> int:
    return int(node._sequence_nr())
