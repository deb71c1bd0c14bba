"""What an optimizer updates of a sharded model: the pieces that lie here, as plain tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from jupyter_sdt.runtime.modelparallel.sharding.pieces import local

_HALF = (torch.float16, torch.bfloat16)


class Pieces:
    """The pieces of this rank; with 16-bit parameters, fp32 copies of them."""

    def __init__(self, model: Sequence[Sequence[torch.Tensor]]) -> None:
        self._model = [list(group) for group in model]
        self._targets = [[_target(p) for p in group] for group in self._model]

    def groups(self) -> list[list[torch.Tensor]]:
        """The tensors that the optimizer updates."""
        return [list(group) for group in self._targets]

    def take_gradients(self, factor: float) -> None:
        """Give the pieces their gradients, times ``factor``."""
        for parameter, target in self._pairs():
            if parameter.grad is None:
                target.grad = None
                continue
            gradient = local(parameter.grad).detach().to(target.dtype)
            target.grad = gradient if factor == 1.0 else gradient.mul_(factor)

    def give_parameters(self) -> None:
        """Round copies to the model's precision; other pieces are the model's own memory."""
        with torch.no_grad():
            for parameter, target in self._pairs():
                if target.dtype != parameter.dtype:
                    local(parameter).copy_(target)

    def refresh(self) -> None:
        """Copy the model's parameters where there are copies."""
        with torch.no_grad():
            for parameter, target in self._pairs():
                if target.dtype != parameter.dtype:
                    target.copy_(local(parameter))

    def gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Parameters and the gradients of their pieces."""
        return ((p, t.grad) for p, t in self._pairs() if t.grad is not None)

    def copies(self) -> dict[str, torch.Tensor]:
        """The fp32 copies, counted over all groups."""
        pairs = enumerate(self._pairs())
        return {str(n): target for n, (p, target) in pairs if target.dtype != p.dtype}

    def _pairs(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for group, targets in zip(self._model, self._targets, strict=True):
            yield from zip(group, targets, strict=True)


def _target(parameter: torch.Tensor) -> torch.Tensor:
    piece = local(parameter).detach()
    copied = piece.float() if piece.dtype in _HALF else piece
    return copied.requires_grad_(parameter.requires_grad)
