"""torch.sagemaker.context_parallel.utils: parts of sequences."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.context.sequence import get_batch_for_cp_rank
from jupyter_sdt.runtime.modelparallel.hybrid.layer_kinds import setup_transformer_engine_cp_groups

__all__ = ["get_batch_for_cp_rank", "setup_transformer_engine_cp_groups"]
