"""smdistributed.modelparallel.torch.patches: functions in place of torch's."""

from __future__ import annotations

from . import checkpoint

__all__ = ["checkpoint"]
