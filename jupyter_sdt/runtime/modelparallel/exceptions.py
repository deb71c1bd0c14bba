"""The errors that model parallelism raises, where its import names find them."""

from __future__ import annotations

from jupyter_sdt.errors import CollectiveError, DistributionError, RuntimeStateError, SpecError

__all__ = ["CollectiveError", "DistributionError", "RuntimeStateError", "SpecError"]
