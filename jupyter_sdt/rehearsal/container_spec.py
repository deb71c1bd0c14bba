"""A CreateTrainingJob request as the local jobs that do the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.channels.file_systems import on_file_system
from jupyter_sdt.launch.node.config import GROUP
from jupyter_sdt.launch.remote.bundle import PROGRAM
from jupyter_sdt.launch.remote.described_spec import (
    CHOSEN_GROUPS,
    decoded_hyperparameters,
    described_spec,
    processes_on,
)
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.instance_groups import CURRENT_GROUPS, HostGroup, host_groups
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.spec.variables import AUTOLOG


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a rehearsed job keeps what it fetched and what it made."""

    root: Path

    @property
    def input(self) -> Path:
        """A folder for each channel."""
        return self.root / "input"

    @property
    def checkpoints(self) -> Path:
        """What ``CheckpointConfig.S3Uri`` holds."""
        return self.root / "checkpoints"

    def output(self, part: int) -> Path:
        """Archives of the model and of the output."""
        return self.root / "output" / str(part)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """All groups, and which of them a distribution was chosen for; None when it names none."""

    given: Sequence[Mapping[str, Any]]
    chosen: tuple[str, ...] | None

    def parts(self) -> Iterator[tuple[HostGroup, ...]]:
        """Groups whose hosts one launcher starts together: the chosen ones, and each other alone.

        Without a choice each group is one: so does the toolkit in the images.
        """
        groups = host_groups(self.given)
        together = tuple(group for group in groups if group.name in (self.chosen or ()))
        if together:
            yield together
        yield from ((group,) for group in groups if group not in together)


def container_specs(
    request: Mapping[str, Any], folders: Folders, *, most_processes: int, stop_seconds: float
) -> tuple[JobSpec, ...]:
    """Return the local jobs of a request: one, or several in a heterogeneous cluster.

    Raises SpecError for what no local job can be.
    """
    spec = described_spec(request)
    if not spec.entry_point:
        raise SpecError(
            "the request names no script (sagemaker_program): a rehearsal runs scripts in script "
            "mode, not the image itself",
            argument="entry_point",
        )
    cluster = _cluster(request)
    common = replace(
        spec,
        source_dir="",
        instance_type="local",
        environment=_environment(spec),
        checkpoint_uri=str(folders.checkpoints) if spec.checkpoint_uri else "",
        stop_seconds=stop_seconds,
    )
    found = []
    for number, groups in enumerate(cluster.parts()):
        names = [group.name for group in groups]
        trained = cluster.chosen is None or names[0] in cluster.chosen
        processes = min(processes_on(request, groups[0].instance_type), most_processes)
        found.append(
            replace(
                common,
                instance_count=sum(len(group.hosts) for group in groups),
                distribution=_on_this_machine(spec.distribution, cluster, processes)
                if trained
                else Distribution(instance_groups=cluster.chosen or ()),
                channels=tuple(_fetched(c, folders) for c in spec.channels if _is_for(c, names)),
                output_path=str(folders.output(number)),
                sagemaker={"instance_groups": list(cluster.given), CURRENT_GROUPS: names},
            )
        )
    return tuple(found)


def _cluster(request: Mapping[str, Any]) -> _Cluster:
    resources = request["ResourceConfig"]
    groups = resources.get("InstanceGroups") or [{**resources, "InstanceGroupName": GROUP}]
    chosen = decoded_hyperparameters(request).get(CHOSEN_GROUPS)
    return _Cluster(
        given=[
            {
                "instance_group_name": group["InstanceGroupName"],
                "instance_type": group["InstanceType"],
                "instance_count": group["InstanceCount"],
            }
            for group in groups
        ],
        chosen=None if chosen is None else tuple(map(str, chosen)),
    )


def _on_this_machine(distribution: Distribution, cluster: _Cluster, processes: int) -> Distribution:
    asked = distribution.processes_per_node
    return replace(
        distribution,
        processes_per_node=None if asked is None else processes,
        instance_groups=cluster.chosen or (),
    )


def _is_for(channel: Channel, names: Sequence[str]) -> bool:
    """Whether a channel goes to any of these groups; unless it says otherwise, to all."""
    wanted = channel.sagemaker.get("instance_groups")
    return not wanted or bool(set(wanted) & set(names))


def _fetched(channel: Channel, folders: Folders) -> Channel:
    """Where a channel lies; a Pipe streams from S3, a file system is looked for where it is."""
    if channel.input_mode == "Pipe" or on_file_system(channel):
        return channel
    return replace(channel, uri=str(folders.input / channel.name), sagemaker={})


def _environment(spec: JobSpec) -> dict[str, str]:
    # In an image nobody records the steps of a script but the entry that we send along.
    return {**spec.environment, **({} if spec.entry_point == PROGRAM else {AUTOLOG: "0"})}
