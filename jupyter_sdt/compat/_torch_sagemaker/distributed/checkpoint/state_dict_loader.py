"""torch.sagemaker.distributed.checkpoint.state_dict_loader: reading checkpoints."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.loading import load

__all__ = ["load"]
