"""smdistributed.modelparallel.torch.exceptions: the same classes as in ``backend.exceptions``."""

from __future__ import annotations

from ..backend.exceptions import CollectiveError, DistributionError, RuntimeStateError, SpecError

__all__ = ["CollectiveError", "DistributionError", "RuntimeStateError", "SpecError"]
