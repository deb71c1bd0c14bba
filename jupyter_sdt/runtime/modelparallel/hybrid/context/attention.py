"""Attention of this peer's positions to those of all peers, under Hugging Face's interface.

Keys and values are gathered; their gradients are summed and scattered again. Heads that share keys
and values make what is sent small. Korthikanti et al., arXiv 2205.05198 (the exchange); Llama 3,
arXiv 2407.21783, section 3.3.2 (all-gather of keys and values).
"""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import Function
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.context.sequence import chunks_of, in_order
from jupyter_sdt.runtime.modelparallel.tensor.masks import hidden_pairs
from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers

# What the model's configuration calls this attention, and an argument that its layers hand on.
NAME, SEEN = "sdt_context", "sdt_context_seen"


class _Gather(Function):
    """[...] of each peer -> [peers, ...]; gradients are summed, each peer keeps its own."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
        ctx.peers = peers
        return peers.gather_rows(tensor[None])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return ctx.peers.sum_rows(gradient)[0], None


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,  # noqa: ARG001 - of this peer's positions alone
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """Queries [N, heads, s, D], keys and values [N, key heads, s, D] -> ([N, s, heads, D], None).

    Each position sees the earlier ones of its whole sequence, of the last ``sliding_window``, and
    of those only what ``sdt_context_seen`` [N, S] says.
    """
    del module
    peers = state.current().context_peers
    key, value = _whole(key, value, peers, query.shape[1])
    found = [
        functional.scaled_dot_product_attention(
            part,
            key[..., :end, :],
            value[..., :end, :],
            attn_mask=_mask(part, end, sliding_window, more.get(SEEN)),
            dropout_p=dropout,
            scale=scaling,
        )
        for part, end in _parts(query, peers)
    ]
    return torch.cat(found, -2).transpose(1, 2).contiguous(), None


def _whole(
    key: torch.Tensor, value: torch.Tensor, peers: Peers, heads: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of all positions in order, one for each of the ``heads`` of queries."""
    both: torch.Tensor = _Gather.apply(torch.stack((key, value)), peers)  # type: ignore[no-untyped-call]
    whole = in_order(both, axis=-2 % key.dim() + 1)
    key, value = whole.repeat_interleave(heads // key.shape[1], 2).unbind()
    return key, value


def _parts(query: torch.Tensor, peers: Peers) -> list[tuple[torch.Tensor, int]]:
    """The two chunks of queries that are here, each with the number of positions up to its end."""
    parts = query.chunk(2, -2)
    ends = ((number + 1) * parts[0].shape[-2] for number in chunks_of(peers))
    return list(zip(parts, ends, strict=True))


def _mask(
    query: torch.Tensor, keys: int, window: int | None, seen: torch.Tensor | None
) -> torch.Tensor:
    """What is added to scores: the last query stands beside the last of the ``keys``."""
    hidden = hidden_pairs(query.shape[-2], keys, window, query.device)
    if seen is not None:
        hidden = hidden | ~seen[:, None, None, :keys]
    lowest = torch.finfo(query.dtype).min  # finite: padding sees nothing, and must not become NaN
    return torch.zeros((), dtype=query.dtype, device=query.device).masked_fill(hidden, lowest)
