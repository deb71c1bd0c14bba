"""smdistributed.modelparallel.torch.amp: mixed precision of scripts that use torch's autocast."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.grad_scaler import GradScaler

__all__ = ["GradScaler"]
