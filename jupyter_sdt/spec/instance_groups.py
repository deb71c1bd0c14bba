"""Groups of instances in a heterogeneous cluster, and the names of their hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# In JobSpec.sagemaker of a local job: the groups whose hosts it runs; ``instance_groups`` there are
# all groups of the cluster.
CURRENT_GROUPS = "current_groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGroup:
    """The hosts of one group, which have one instance type."""

    name: str
    instance_type: str
    hosts: tuple[str, ...]


def host_groups(given: Iterable[Mapping[str, Any]]) -> tuple[HostGroup, ...]:
    """Return the groups of an Estimator's ``instance_groups``; hosts are numbered through them."""
    found: list[HostGroup] = []
    first = 1
    for group in given:
        after = first + int(group["instance_count"])
        found.append(
            HostGroup(
                name=str(group["instance_group_name"]),
                instance_type=str(group["instance_type"]),
                hosts=tuple(f"algo-{number}" for number in range(first, after)),
            )
        )
        first = after
    return tuple(found)


def current_groups(sagemaker: Mapping[str, Any]) -> tuple[HostGroup, ...]:
    """Return the groups whose hosts a local job runs; none where it is no part of a cluster."""
    names = sagemaker.get(CURRENT_GROUPS, ())
    groups = host_groups(sagemaker.get("instance_groups", ())) if names else ()
    return tuple(group for group in groups if group.name in names)
