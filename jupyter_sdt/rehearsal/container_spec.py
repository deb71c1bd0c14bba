"""A CreateTrainingJob request as the local job that does the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.channels.file_systems import on_file_system
from jupyter_sdt.launch.remote.bundle import PROGRAM
from jupyter_sdt.launch.remote.described_spec import described_spec
from jupyter_sdt.spec.distribution import Distribution
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

    @property
    def output(self) -> Path:
        """Archives of the model and of the output."""
        return self.root / "output"


def container_spec(
    request: Mapping[str, Any], folders: Folders, *, most_processes: int, stop_seconds: float
) -> JobSpec:
    """Return the local job of a request. Raises SpecError for what no local job can be."""
    spec = described_spec(request)
    if not spec.entry_point:
        raise SpecError(
            "the request names no script (sagemaker_program): a rehearsal runs scripts in script "
            "mode, not the image itself",
            argument="entry_point",
        )
    return replace(
        spec,
        source_dir="",
        instance_type="local",
        distribution=_on_this_machine(spec.distribution, most_processes),
        channels=tuple(_fetched(channel, folders) for channel in spec.channels),
        environment=_environment(spec),
        checkpoint_uri=str(folders.checkpoints) if spec.checkpoint_uri else "",
        output_path=str(folders.output),
        stop_seconds=stop_seconds,
    )


def _on_this_machine(distribution: Distribution, most_processes: int) -> Distribution:
    asked = distribution.processes_per_node
    return replace(
        distribution, processes_per_node=None if asked is None else min(asked, most_processes)
    )


def _fetched(channel: Channel, folders: Folders) -> Channel:
    """Where a channel lies; a Pipe streams from S3, a file system is looked for where it is."""
    if channel.input_mode == "Pipe" or on_file_system(channel):
        return channel
    return replace(channel, uri=str(folders.input / channel.name), sagemaker={})


def _environment(spec: JobSpec) -> dict[str, str]:
    # In an image nobody records the steps of a script but the entry that we send along.
    return {**spec.environment, **({} if spec.entry_point == PROGRAM else {AUTOLOG: "0"})}
