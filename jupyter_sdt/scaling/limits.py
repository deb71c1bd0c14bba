"""How many cores ranks on this machine may keep busy: affinity and container limits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from jupyter_sdt.launch.node.devices import count_cpus

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def available_cores(cgroups: Path = _CGROUPS, own: Path = _OWN_CGROUPS) -> int:
    """Cores this process may keep busy: its affinity, cut down to the container's CPU limit.

    A container limited to 1.5 cores counts as 2: a second rank still finds something to run on.
    """
    quotas = [q for folder in _cgroup_folders(cgroups, own) if (q := _quota(folder)) is not None]
    return max(1, min([count_cpus(), *map(math.ceil, quotas)]))


def _cgroup_folders(cgroups: Path, own: Path) -> Iterator[Path]:
    """Every folder whose limit counts: our control group's and all above it (cgroups(7))."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = cgroups / "cpu" if controllers else cgroups
        below = Path(path.lstrip("/"))
        yield from (root / part for part in (below, *below.parents))


def _quota(folder: Path) -> float | None:
    """Cores' worth of time allowed: ``cpu.max`` in version 2, ``cpu.cfs_*`` in version 1."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
    except (OSError, ValueError):
        return None
    return int(quota) / int(period) if quota.isdecimal() and int(quota) > 0 else None
