"""smdistributed.modelparallel.backend.exceptions: what SageMaker's toolkit reports by name."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.exceptions import (
    CollectiveError,
    DistributionError,
    RuntimeStateError,
    SpecError,
)

__all__ = ["CollectiveError", "DistributionError", "RuntimeStateError", "SpecError"]
