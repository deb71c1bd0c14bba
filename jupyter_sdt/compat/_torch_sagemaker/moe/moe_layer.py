"""torch.sagemaker.moe.moe_layer: what scripts name in their policies for wrapping layers."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.layer_kinds import MoELayer

__all__ = ["MoELayer"]
