"""torch.sagemaker.tensor_parallel.transformer: what scripts name in their wrapping policies."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.layer_kinds import (
    TETransformerLayer,
    TransformerLayer,
    TransformerLMHead,
)

__all__ = ["TETransformerLayer", "TransformerLMHead", "TransformerLayer"]
