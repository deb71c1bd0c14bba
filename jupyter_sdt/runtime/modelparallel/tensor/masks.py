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
    rows = mask if peers.prescaled else mask.expand(hidden.shape[0], *mask.shape[1:])
    # Booleans are not in every backend's gathers.
    sent = rows.to(torch.uint8) if rows.dtype == torch.bool else rows
    return spread(sent, peers).to(mask.dtype)


def hidden_pairs(queries: int, keys: int, window: int | None, device: torch.device) -> torch.Tensor:
    """Which keys [queries, keys] a query does not see: later ones, and those before its window.

    The last query stands beside the last key.
    """
    every = torch.ones(queries, keys, dtype=torch.bool, device=device)
    last = keys - queries
    hidden = every.triu(last + 1)
    return hidden if window is None else hidden | every.tril(last - window)


def scores_mask(
    mask: torch.Tensor | None,
    bias: torch.Tensor | None,
    hidden: torch.Tensor | None,
    dtype: torch.dtype,
) -> torch.Tensor | None:
    """``mask``, added or saying what is seen, ``bias``, and ``hidden`` in one that is added."""
    lowest = torch.finfo(dtype).min
    if mask is not None:
        no_bias = torch.zeros((), dtype=dtype, device=mask.device)
        mask = no_bias.masked_fill(~mask, lowest) if mask.dtype == torch.bool else mask.to(dtype)
    if bias is not None:
        mask = bias if mask is None else mask + bias
    if hidden is None:
        return mask
    base = torch.zeros((), dtype=dtype, device=hidden.device) if mask is None else mask
    return base.masked_fill(hidden, lowest)


def additive_mask(masked: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """[N, S], 1 where a position is hidden from all, as [N, 1, 1, S] to be added to scores."""
    return masked[:, None, None].to(dtype) * torch.finfo(dtype).min
