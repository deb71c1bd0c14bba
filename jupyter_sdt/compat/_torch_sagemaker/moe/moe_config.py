"""torch.sagemaker.moe.moe_config: how the experts of a model are used."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.moe import MoEConfig

__all__ = ["MoEConfig"]
