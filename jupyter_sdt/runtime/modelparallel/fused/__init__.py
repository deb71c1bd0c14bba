"""Optimizers and norms that other libraries compute in one CUDA kernel, in plain torch.

Arguments and results are those of https://nvidia.github.io/apex/optimizers.html.
"""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.fused.adam import FusedAdam
from jupyter_sdt.runtime.modelparallel.fused.lamb import FusedLAMB
from jupyter_sdt.runtime.modelparallel.fused.layer_norm import FusedLayerNorm
from jupyter_sdt.runtime.modelparallel.fused.novograd import FusedNovoGrad

__all__ = ["FusedAdam", "FusedLAMB", "FusedLayerNorm", "FusedNovoGrad"]
