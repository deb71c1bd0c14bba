"""What the wrapped optimizer updates: the model's own parameters, or fp32 copies of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch

from jupyter_sdt.runtime.modelparallel.tensor_slices import mark_alike

Groups = Sequence[Sequence[torch.Tensor]]


class Working(Protocol):
    """Parameters an optimizer works on, in as many groups as it has, in place of the model's."""

    def groups(self) -> list[list[torch.Tensor]]:
        """The tensors that the optimizer updates."""

    def take_gradients(self, factor: float) -> None:
        """Give them the gradients of the model's parameters, times ``factor``."""

    def give_parameters(self) -> None:
        """Give the model's parameters the values that were updated."""

    def refresh(self) -> None:
        """Take over the values of the model's parameters, which somebody has loaded."""

    def gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pairs of a parameter of the model and the gradient of it, or of a part, held here."""

    def copies(self) -> dict[str, torch.Tensor]:
        """What must be saved beside the model; the keys say which parameter it belongs to."""


class OwnParameters:
    """The model's parameters themselves."""

    def __init__(self, model: Groups) -> None:
        self._model = [list(group) for group in model]

    def groups(self) -> list[list[torch.Tensor]]:
        """The model's parameters."""
        return [list(group) for group in self._model]

    def take_gradients(self, factor: float) -> None:
        """Multiply the gradients in place."""
        found = [p.grad for group in self._model for p in group if p.grad is not None]
        if found and factor != 1.0:
            torch._foreach_mul_(found, factor)

    def give_parameters(self) -> None:
        """Nothing is to be done."""

    def refresh(self) -> None:
        """Nothing is to be done."""

    def gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Parameters and their gradients."""
        found = (parameter for group in self._model for parameter in group)
        return ((p, p.grad) for p in found if p.grad is not None)

    def copies(self) -> dict[str, torch.Tensor]:
        """Nothing."""
        return {}


class MasterCopies:
    """An fp32 copy of each 16-bit parameter; fp32 parameters are updated themselves.

    Micikevicius et al., arXiv 1710.03740, section 3.1. ``names`` go with ``model``, entry by entry.
    """

    def __init__(self, model: Groups, names: Sequence[Sequence[str]]) -> None:
        self._model = [list(group) for group in model]
        self._names = [list(group) for group in names]
        self._masters = [[_master(p) for p in group] for group in self._model]

    def groups(self) -> list[list[torch.Tensor]]:
        """The copies, and what needs none."""
        return [list(group) for group in self._masters]

    def take_gradients(self, factor: float) -> None:
        """Copy gradients to fp32, then multiply."""
        for parameter, master in self._pairs():
            if parameter.grad is None:
                master.grad = None
            elif parameter is master:
                parameter.grad.mul_(factor)
            else:
                master.grad = parameter.grad.detach().float().mul_(factor)

    def give_parameters(self) -> None:
        """Round the copies to the model's precision."""
        with torch.no_grad():
            for parameter, master in self._pairs():
                if parameter is not master:
                    parameter.copy_(master)

    def refresh(self) -> None:
        """Copy the model's parameters."""
        with torch.no_grad():
            for parameter, master in self._pairs():
                if parameter is not master:
                    master.copy_(parameter)

    def gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Parameters and the fp32 gradients of their copies."""
        return ((p, m.grad) for p, m in self._pairs() if m.grad is not None)

    def copies(self) -> dict[str, torch.Tensor]:
        """The fp32 copies by the names of their parameters."""
        return {
            name: master
            for names, model, masters in zip(self._names, self._model, self._masters, strict=True)
            for name, parameter, master in zip(names, model, masters, strict=True)
            if parameter is not master
        }

    def _pairs(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for group, masters in zip(self._model, self._masters, strict=True):
            yield from zip(group, masters, strict=True)


def _master(parameter: torch.Tensor) -> torch.Tensor:
    if parameter.dtype not in {torch.float16, torch.bfloat16}:
        return parameter
    return mark_alike(parameter.detach().float().clone(), parameter).requires_grad_()
