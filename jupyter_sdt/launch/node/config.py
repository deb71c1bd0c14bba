"""What a node finds in input/config: the shape of the cluster and the settings of its channels."""

from __future__ import annotations

import sys
from typing import Any, Final

from jupyter_sdt.spec.job_spec import Channel, JobSpec

# The name SageMaker gives to the instances of a job without instance groups.
GROUP: Final = "homogeneousCluster"
# On SageMaker eth0; local nodes meet on the loopback interface.
INTERFACE: Final = "lo0" if sys.platform == "darwin" else "lo"


def sorted_hosts(spec: JobSpec) -> list[str]:
    """Return the nodes as SageMaker sorts them: algo-1, algo-10, algo-2."""
    return sorted(spec.nodes)


def resource_config(spec: JobSpec, node: str) -> dict[str, Any]:
    """Return ``input/config/resourceconfig.json`` of ``node``."""
    return {
        "current_host": node,
        "current_instance_type": spec.instance_type,
        "current_group_name": GROUP,
        "hosts": sorted_hosts(spec),
        "instance_groups": [instance_group(spec)],
        "network_interface_name": INTERFACE,
    }


def input_data_config(spec: JobSpec) -> dict[str, dict[str, str]]:
    """Return ``input/config/inputdataconfig.json``; like SageMaker's it calls FastFile File."""
    return {channel.name: _channel_config(channel) for channel in spec.channels}


def instance_group(spec: JobSpec) -> dict[str, Any]:
    """Return the one group that all nodes of a local job are in."""
    return {
        "instance_group_name": GROUP,
        "instance_type": spec.instance_type,
        "hosts": sorted_hosts(spec),
    }


def _channel_config(channel: Channel) -> dict[str, str]:
    return {
        **({"ContentType": channel.content_type} if channel.content_type else {}),
        "TrainingInputMode": "Pipe" if channel.input_mode == "Pipe" else "File",
        "S3DistributionType": channel.distribution,
        "RecordWrapperType": channel.record_wrapping or "None",
    }
