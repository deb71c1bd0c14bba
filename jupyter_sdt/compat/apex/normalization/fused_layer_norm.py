"""apex.normalization.fused_layer_norm: layer normalization in torch's own kernels."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.fused import FusedLayerNorm

__all__ = [
    "FusedLayerNorm",
    "FusedRMSNorm",
    "MixedFusedLayerNorm",
    "fused_layer_norm",
    "fused_layer_norm_affine",
]


class MixedFusedLayerNorm(FusedLayerNorm):
    """The same; the form for 32-bit weights and 16-bit input, which FusedLayerNorm takes too."""


class FusedRMSNorm(nn.RMSNorm):
    """Root mean square normalization: https://arxiv.org/abs/1910.07467."""


def fused_layer_norm(input: torch.Tensor, normalized_shape: Any, eps: float = 1e-6) -> torch.Tensor:  # noqa: A002
    """Normalize without weights."""
    return functional.layer_norm(input, _shape(normalized_shape), None, None, eps)


def fused_layer_norm_affine(
    input: torch.Tensor,  # noqa: A002 - the library's name
    weight: torch.Tensor,
    bias: torch.Tensor,
    normalized_shape: Any,
    eps: float = 1e-6,
) -> torch.Tensor:
    """Normalize, then scale and shift."""
    return functional.layer_norm(input, _shape(normalized_shape), weight, bias, eps)


def _shape(given: Any) -> tuple[int, ...]:
    return (given,) if isinstance(given, int) else tuple(given)
