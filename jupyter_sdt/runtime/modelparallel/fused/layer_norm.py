"""Layer normalization under the fused module's name."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class FusedLayerNorm(nn.LayerNorm):
    """torch's LayerNorm; 16-bit input with fp32 weights comes out in 16 bits.

    Ba et al., arXiv 1607.06450. https://nvidia.github.io/apex/layernorm.html
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """Normalize over the last dimensions."""
        if self.weight is None or self.weight.dtype == input.dtype:
            return super().forward(input)
        normalized = functional.layer_norm(
            input.to(self.weight.dtype), self.normalized_shape, self.weight, self.bias, self.eps
        )
        return normalized.to(input.dtype)
