"""Softmax attention of the heads that lie here."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.tensor.alibi import bias
from jupyter_sdt.runtime.modelparallel.tensor.attention_options import AttentionOptions
from jupyter_sdt.runtime.modelparallel.tensor.masks import hidden_pairs, scores_mask

_HALF = (torch.float16, torch.bfloat16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """How scores become weights: ``options``, who sees whom, and what is dropped.

    ``slopes`` are those of this rank's heads, for ``use_alibi``.
    """

    options: AttentionOptions
    causal: bool
    dropout: float = 0.0
    slopes: torch.Tensor | None = None
    scale: float | None = None


def attend(
    qkv: tuple[torch.Tensor, torch.Tensor, torch.Tensor], mask: torch.Tensor | None, scores: Scores
) -> torch.Tensor:
    """Queries, keys and values [N, heads, S, features] -> what is seen, [N, heads, S, features].

    ``mask`` [N or 1, 1 or heads, 1 or S, T] is added to scores, or says what is seen (bool).
    """
    query, key, value = _prepared(qkv, scores.options)
    scale = scores.scale or scores.options.scale(query.shape[-1])
    if scores.options.query_key_layer_scaling:
        layer = scores.options.layer_idx + 1
        query, scale = query / layer, scale * layer
    seen, causal = _mask(query, key, mask, scores)
    mixed = functional.scaled_dot_product_attention(
        query, key, value, seen, scores.dropout, is_causal=causal, scale=scale
    )
    return mixed.to(qkv[0].dtype)


def _prepared(
    qkv: tuple[torch.Tensor, torch.Tensor, torch.Tensor], options: AttentionOptions
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    higher = options.attention_in_fp32 or options.query_key_layer_scaling
    if not higher or qkv[0].dtype not in _HALF:
        return qkv
    query, key, value = qkv
    return query.float(), key.float(), value.float()


def _mask(
    query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None, scores: Scores
) -> tuple[torch.Tensor | None, bool]:
    """What is added to scores, and whether torch is to hide later positions itself."""
    queries, keys, window = query.shape[-2], key.shape[-2], scores.options.window_size
    plain = mask is None and scores.slopes is None and (window is None or window >= keys)
    if plain and (not scores.causal or queries == keys):
        return None, scores.causal
    slope = scores.slopes
    added = None if slope is None else bias(slope.to(query.dtype), queries, keys)
    hidden = hidden_pairs(queries, keys, window, query.device) if scores.causal else None
    return scores_mask(mask, added, hidden, query.dtype), False
