"""smdistributed.modelparallel.torch.model: where transformers looks for the model's class."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.model import DistributedModel

__all__ = ["DistributedModel"]
