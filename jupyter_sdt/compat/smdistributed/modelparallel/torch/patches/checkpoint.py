"""smdistributed.modelparallel.torch.patches.checkpoint: in place of torch.utils.checkpoint."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.activations.calls import checkpoint, checkpoint_sequential

__all__ = ["checkpoint", "checkpoint_sequential"]
