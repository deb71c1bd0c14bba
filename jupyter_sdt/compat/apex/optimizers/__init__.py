"""apex.optimizers: fused optimizers in plain torch."""

from jupyter_sdt.runtime.modelparallel.fused import FusedAdam, FusedLAMB, FusedNovoGrad

from .fused_sgd import FusedSGD

__all__ = ["FusedAdam", "FusedLAMB", "FusedNovoGrad", "FusedSGD"]
