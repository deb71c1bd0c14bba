"""smdistributed.dataparallel.exceptions: what SageMaker's training toolkit reports by name."""

from __future__ import annotations


class SMDDPError(RuntimeError):
    """The library was used in a way that it does not support, or out of order."""
