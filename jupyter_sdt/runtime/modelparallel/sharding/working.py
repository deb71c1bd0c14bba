"""What an optimizer updates of a sharded model: the pieces that lie here, as plain tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.sharding.pieces import divided_like, is_piece, local, whole
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

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
        average([t.grad for p, t in self._pairs() if t.grad is not None and _shared(p)])

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

    def wholes(self) -> Iterator[Iterator[torch.Tensor]]:
        """What is updated, whole, group by group. All ranks of a shard group call it."""
        for group, targets in zip(self._model, self._targets, strict=True):
            pairs = zip(group, targets, strict=True)
            yield (whole(divided_like(target.detach(), parameter)) for parameter, target in pairs)

    def copies(self) -> dict[str, torch.Tensor]:
        """The fp32 copies, counted over all groups."""
        pairs = enumerate(self._pairs())
        return {str(n): target for n, (p, target) in pairs if target.dtype != p.dtype}

    def _pairs(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for group, targets in zip(self._model, self._targets, strict=True):
            yield from zip(group, targets, strict=True)


def average(gradients: list[torch.Tensor]) -> None:
    """Replace what tensor peers all have pieces of by its mean over them."""
    peers = world.current().group("tp")
    if peers.size == 1 or not gradients:
        return
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat, group=peers.process_group)
    flat.div_(peers.size)
    sizes = [gradient.numel() for gradient in gradients]
    parts = torch.split_with_sizes(flat, sizes)
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view(gradient.shape))


def _shared(parameter: torch.Tensor) -> bool:
    """Whether this piece was averaged over shard groups alone, and is no slice."""
    return is_piece(parameter) and slice_of(parameter) is None


def _target(parameter: torch.Tensor) -> torch.Tensor:
    piece = local(parameter).detach()
    copied = piece.float() if piece.dtype in _HALF else piece
    return copied.requires_grad_(parameter.requires_grad)
