"""Which slice of a whole tensor a tensor-parallel rank holds, and how the whole is put together.

A module that keeps only a slice marks its parameters and buffers; checkpoints, norms and
optimizers read the mark. What is not marked is the same on all tensor-parallel ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

_MARK = "sdt_tensor_slice"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSlice:
    """Equal parts along ``axis``, one for each rank.

    With ``blocks`` n the whole consists of n equal blocks along ``axis``, each of them divided:
    query, key and value in one weight are three.
    """

    axis: int
    blocks: int = 1

    def of(self, whole: torch.Tensor, rank: int, size: int) -> torch.Tensor:
        """The part of ``whole`` that the tensor-parallel ``rank`` of ``size`` holds, a copy."""
        blocks = whole.chunk(self.blocks, self.axis)
        return torch.cat([block.chunk(size, self.axis)[rank] for block in blocks], self.axis)

    def whole(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """The tensor whose parts, in the order of ranks, are ``parts``."""
        blocks = [part.chunk(self.blocks, self.axis) for part in parts]
        ordered = [part[number] for number in range(self.blocks) for part in blocks]
        return torch.cat(ordered, self.axis)


def mark(tensor: torch.Tensor, part: TensorSlice) -> torch.Tensor:
    """Say that ``tensor`` is this rank's ``part`` of a whole, and return it."""
    setattr(tensor, _MARK, part)
    return tensor


def slice_of(tensor: torch.Tensor) -> TensorSlice | None:
    """What :func:`mark` said; None for a tensor that is the same on all tensor-parallel ranks."""
    found = getattr(tensor, _MARK, None)
    return found if isinstance(found, TensorSlice) else None


def mark_alike(tensor: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Say of ``tensor``, a copy of ``other``, what was said of that, and return it."""
    part = slice_of(other)
    return tensor if part is None else mark(tensor, part)
