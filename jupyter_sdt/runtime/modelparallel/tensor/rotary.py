"""Rotary position embeddings: pairs of features turned by angles that grow with the position.

Su et al., arXiv 2104.09864.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

Angles = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotary:
    """The first ``size`` features of each head are turned; ``base`` sets the slowest angle.

    ``neighbours``: features 2i and 2i+1 are a pair, as in GPT-J; else i and i + size / 2, as in
    GPT-NeoX.
    """

    size: int
    base: float = 10000.0
    neighbours: bool = False

    def angles(self, like: torch.Tensor, positions: torch.Tensor | None) -> Angles:
        """Sines and cosines for ``like`` [N, heads, S, features], whose rows are at 0, 1, ...

        or at ``positions`` [N or 1, S].
        """
        if positions is None:
            sines, cosines = _table(self, like.shape[-2], like.device)
        else:
            count = int(positions.max()) + 1
            found = (table[positions] for table in _table(self, count, like.device))
            sines, cosines = (table.unsqueeze(1) for table in found)
        return sines.to(like.dtype), cosines.to(like.dtype)

    def turn(self, tensor: torch.Tensor, angles: Angles) -> torch.Tensor:
        """``tensor`` [N, heads, S, features] with its first features turned."""
        sines, cosines = angles
        turned, kept = tensor[..., : self.size], tensor[..., self.size :]
        other = _neighbours(turned) if self.neighbours else _halves(turned)
        return torch.cat((turned * cosines + other * sines, kept), -1)


@functools.lru_cache(maxsize=16)
def _table(rotary: Rotary, count: int, device: torch.device) -> Angles:
    # In float32 whatever the model computes in, as published models were trained.
    steps = torch.arange(0, rotary.size, 2, dtype=torch.float32, device=device) / rotary.size
    places = torch.arange(count, dtype=torch.float32, device=device)
    angles = places[:, None] * (1.0 / rotary.base**steps)
    if rotary.neighbours:
        angles = angles.repeat_interleave(2, -1)
    else:
        angles = torch.cat((angles, angles), -1)
    return angles.sin(), angles.cos()


def _neighbours(tensor: torch.Tensor) -> torch.Tensor:
    return torch.stack((-tensor[..., 1::2], tensor[..., ::2]), -1).flatten(-2)


def _halves(tensor: torch.Tensor) -> torch.Tensor:
    first, second = tensor.chunk(2, -1)
    return torch.cat((-second, first), -1)
