"""horovod.common.exceptions: what scripts catch by name."""

from __future__ import annotations


class HorovodInternalError(RuntimeError):
    """A collective failed: most often another rank is gone."""


class HostsUpdatedInterrupt(RuntimeError):  # noqa: N818 - Horovod's name
    """The set of nodes has changed. Known by name only: nodes do not come and go here."""
