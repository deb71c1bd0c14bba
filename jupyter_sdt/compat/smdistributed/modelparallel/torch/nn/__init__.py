"""smdistributed.modelparallel.torch.nn: modules of the library."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.fused import FusedLayerNorm

__all__ = ["FusedLayerNorm"]
