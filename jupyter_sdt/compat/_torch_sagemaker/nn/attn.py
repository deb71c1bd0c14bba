"""torch.sagemaker.nn.attn: attention layers."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.attention import (
    FlashGroupedQueryAttention,
    FlashSelfAttention,
)

__all__ = ["FlashGroupedQueryAttention", "FlashSelfAttention"]
