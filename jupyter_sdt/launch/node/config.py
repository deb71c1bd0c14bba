"""What a node finds in input/config: the shape of the cluster and the settings of its channels."""

from __future__ import annotations

import sys
from typing import Any, Final

from jupyter_sdt.spec.instance_groups import HostGroup, current_groups, host_groups
from jupyter_sdt.spec.job_spec import Channel, JobSpec

# The name SageMaker gives to the instances of a job without instance groups.
GROUP: Final = "homogeneousCluster"
# On SageMaker eth0; local nodes meet on the loopback interface.
INTERFACE: Final = "lo0" if sys.platform == "darwin" else "lo"


def sorted_hosts(spec: JobSpec) -> list[str]:
    """Return the nodes as SageMaker sorts them: algo-1, algo-10, algo-2."""
    return sorted(host for group in groups_of(spec) for host in group.hosts)


def groups_of(spec: JobSpec) -> tuple[HostGroup, ...]:
    """Return the groups of the whole cluster; one, unless it is heterogeneous."""
    if current_groups(spec.sagemaker):
        return host_groups(spec.sagemaker["instance_groups"])
    return (HostGroup(name=GROUP, instance_type=spec.instance_type, hosts=spec.nodes),)


def group_of(spec: JobSpec, node: str) -> HostGroup:
    """Return the group that a node is in."""
    return next(group for group in groups_of(spec) if node in group.hosts)


def resource_config(spec: JobSpec, node: str) -> dict[str, Any]:
    """Return ``input/config/resourceconfig.json`` of ``node``."""
    group = group_of(spec, node)
    return {
        "current_host": node,
        "current_instance_type": group.instance_type,
        "current_group_name": group.name,
        "hosts": sorted_hosts(spec),
        "instance_groups": [instance_group(group) for group in groups_of(spec)],
        "network_interface_name": INTERFACE,
    }


def input_data_config(spec: JobSpec) -> dict[str, dict[str, str]]:
    """Return ``input/config/inputdataconfig.json``; like SageMaker's it calls FastFile File."""
    return {channel.name: _channel_config(channel) for channel in spec.channels}


def instance_group(group: HostGroup) -> dict[str, Any]:
    """Return a group as the files and variables of a node tell it."""
    return {
        "instance_group_name": group.name,
        "instance_type": group.instance_type,
        "hosts": sorted(group.hosts),
    }


def _channel_config(channel: Channel) -> dict[str, str]:
    return {
        **({"ContentType": channel.content_type} if channel.content_type else {}),
        "TrainingInputMode": "Pipe" if channel.input_mode == "Pipe" else "File",
        "S3DistributionType": channel.distribution,
        "RecordWrapperType": channel.record_wrapping or "None",
    }
