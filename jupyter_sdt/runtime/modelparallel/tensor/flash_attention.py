"""``smp.nn.FlashAttentionLayer``: softmax attention that never stores the scores."""

from __future__ import annotations

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.tensor.alibi import slopes
from jupyter_sdt.runtime.modelparallel.tensor.attention_math import Scores, attend
from jupyter_sdt.runtime.modelparallel.tensor.attention_options import AttentionOptions


class FlashAttentionLayer(nn.Module):
    """Attention on torch's fused kernels: queries, keys and values in one tensor.

    Scores are multiplied by ``scale``, or else by 1 / sqrt(head size) with
    ``scale_attention_scores``, and by 1 / (``layer_idx`` + 1) with ``scale_attn_by_layer_idx``,
    which then needs ``layer_idx``. ``triton_flash_attention`` asks for a kernel of GPUs that
    computes the same. Raises SpecError for an ``attention_head_size`` that is not the input's.
    """

    def __init__(
        self,
        attention_dropout_prob: float = 0.1,
        attention_head_size: int | None = None,
        scale_attention_scores: bool = True,
        scale_attn_by_layer_idx: bool = False,
        layer_idx: int | None = None,
        scale: float | None = None,
        triton_flash_attention: bool = False,
        use_alibi: bool = False,
    ) -> None:
        super().__init__()
        del triton_flash_attention
        if scale_attn_by_layer_idx and layer_idx is None:
            raise SpecError(
                "scale_attn_by_layer_idx=True with layer_idx=None: give the number of the layer, "
                "from 0",
                argument="layer_idx",
            )
        self.attention_dropout_prob, self.scale = attention_dropout_prob, scale
        self.attention_head_size = attention_head_size
        self.options = AttentionOptions(
            scale_attention_scores=scale_attention_scores,
            scale_attn_by_layer_idx=scale_attn_by_layer_idx,
            layer_idx=layer_idx or 0,
            use_alibi=use_alibi,
        )

    def forward(
        self, qkv: torch.Tensor, attn_mask: torch.Tensor | None = None, causal: bool = False
    ) -> torch.Tensor:
        """[B, S, 3, H, D] and an additive mask [B, 1, 1, S] -> [B, H, S, D]."""
        heads, size = qkv.shape[-2:]
        if self.attention_head_size not in {None, size}:
            raise SpecError(
                f"qkv has heads of {size} features, attention_head_size={self.attention_head_size}",
                argument="qkv",
            )
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        slope = torch.tensor(slopes(heads), device=qkv.device) if self.options.use_alibi else None
        scores = Scores(
            options=self.options,
            causal=causal,
            dropout=self.attention_dropout_prob if self.training else 0.0,
            slopes=slope,
            scale=self.scale,
        )
        return attend((query, key, value), attn_mask, scores)
