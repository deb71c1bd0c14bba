"""smdistributed.modelparallel.torch.optimizers: fused optimizers, computed by plain torch."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.fused import FusedAdam, FusedLAMB, FusedNovoGrad

FusedLamb = FusedLAMB

__all__ = ["FusedAdam", "FusedLAMB", "FusedLamb", "FusedNovoGrad"]
