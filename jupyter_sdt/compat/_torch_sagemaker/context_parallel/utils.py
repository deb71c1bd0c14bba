"""torch.sagemaker.context_parallel.utils: needs NVIDIA's Transformer Engine."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.layer_kinds import setup_transformer_engine_cp_groups

__all__ = ["setup_transformer_engine_cp_groups"]
