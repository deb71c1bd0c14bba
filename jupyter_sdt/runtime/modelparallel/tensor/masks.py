"""Masks of attention: what is added to scores before the softmax."""

from __future__ import annotations

import torch

from jupyter_sdt.runtime.modelparallel.tensor.exchange import spread
from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers


def gathered_mask(
    mask: torch.Tensor | None, hidden: torch.Tensor, peers: Peers
) -> torch.Tensor | None:
    """``mask`` [N or 1, ...] of all peers' batches, for the rows that ``hidden`` is spread to."""
    if mask is None:
        return None
    return spread(mask.expand(hidden.shape[0], *mask.shape[1:]), peers)


def with_causal_mask(mask: torch.Tensor, positions: int) -> torch.Tensor:
    """``mask``, additive, with later positions hidden from earlier ones."""
    later = mask.new_ones(positions, positions, dtype=torch.bool).triu(1)
    return mask.masked_fill(later, torch.finfo(mask.dtype).min)


def additive_mask(masked: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """[N, S], 1 where a position is hidden from all, as [N, 1, 1, S] to be added to scores."""
    return masked[:, None, None].to(dtype) * torch.finfo(dtype).min
