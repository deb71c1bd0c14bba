"""One run of a job's container: the local launcher with the container's contract."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.training_request import code_uri_of
from jupyter_sdt.rehearsal.checkpoint_sync import CheckpointSync
from jupyter_sdt.rehearsal.container_spec import Folders, container_specs
from jupyter_sdt.rehearsal.part import Part
from jupyter_sdt.rehearsal.storage import CREDENTIALS, Storage
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory

# DescribeTrainingJob shows as much of output/failure.
_LONGEST_REASON = 1024
# What the person who rehearses has in their own environment is none of the container's business.
_KEPT = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV")
# Of several ends, the first of these counts.
_ENDS = ("Failed", "MaxRuntimeExceeded", "Stopped")


@dataclass
class Container:
    """Fetches source and channels, runs the script, brings back what it left.

    ``folder`` is this run's own. ``parts`` is one local job, or several in a heterogeneous cluster;
    when one fails, the others are stopped.
    """

    request: Mapping[str, Any]
    storage: Storage
    folder: Path
    most_processes: int
    stop_seconds: float
    parts: list[Part] = field(default_factory=list, init=False)
    _checkpoints: CheckpointSync | None = field(default=None, init=False)
    _stopped: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._folders = Folders(self.folder)

    def download(self) -> None:
        """Bring source, channels and checkpoints; raises LaunchError for what is not there."""
        self._make_parts()
        self._fetch_source()
        for channel in self.request.get("InputDataConfig", ()):
            self._fetch_channel(channel)
        if checkpoints := self.request.get("CheckpointConfig"):
            make_private_folder(self._folders.checkpoints)
            self.storage.fetch_channel(checkpoints["S3Uri"], self._folders.checkpoints)
            folder = self._folders.checkpoints
            self._checkpoints = CheckpointSync(self.storage, folder, checkpoints["S3Uri"])

    def start(self) -> None:
        """Start the script and return at once. Raises SpecError or LaunchError."""
        for part in self.parts:
            part.check()
        for part in self.parts:
            part.start(self._environment())

    def shortcomings(self) -> str:
        """What a rehearsal cannot be like; empty where it is all the same."""
        told = list(filter(None, (part.shortcomings() for part in self.parts)))
        if len(self.parts) > 1:
            told.append("groups cannot reach each other by the names of their hosts")
        return f"rehearsed: {'; '.join(told)}" if told else ""

    def poll(self) -> JobState:
        """Have new lines copied; return the state, which is an end when all have ended."""
        states = [part.poll() for part in self.parts]
        running = next((state for state in states if not state.terminal), None)
        ends = {state.secondary_status: state for state in states if state.terminal}
        worst = next((ends[word] for word in _ENDS if word in ends), states[-1])
        if running is not None and worst.status == "Failed":
            self.stop()
        return running or worst

    def stop(self) -> None:
        """SIGTERM, the deadline, SIGKILL."""
        if not self._stopped:
            self._stopped = True
            for part in self.parts:
                part.stop()

    def failure(self, state: JobState) -> str:
        """The reason as the service tells it: what the container wrote, or its exit code."""
        states = [part.poll() for part in self.parts]
        failed = [p for p, s in zip(self.parts, states, strict=True) if s.status == "Failed"]
        told = failed[0].failure(state) if failed else state.failure_reason
        return f"AlgorithmError: {told[:_LONGEST_REASON]}, exit code: 1"

    def sync_checkpoints(self, *, ended: bool = False) -> None:
        """Bring new checkpoints to S3: at the end, and before it those that have rested a while."""
        if self._checkpoints is not None:
            self._checkpoints.send(ended=ended)

    def upload(self) -> None:
        """Bring model and output to S3, packed unless ``CompressionType`` is NONE."""
        config, name = self.request["OutputDataConfig"], self.request["TrainingJobName"]
        target = f"{config['S3OutputPath'].rstrip('/')}/{name}/output"
        if config.get("CompressionType") == "NONE":
            for part in self.parts:
                for node in part.spec.nodes:
                    self.storage.put_folder(part.directory.node(node) / "model", f"{target}/model")
            return
        found: dict[str, list[Path]] = {}
        for part in self.parts:
            for archive in sorted(Path(part.spec.output_path, name, "output").glob("*")):
                found.setdefault(archive.name, []).append(archive)
        for kind, archives in found.items():
            self.storage.put(_joined(archives, self.folder / kind), f"{target}/{kind}")

    def _make_parts(self) -> None:
        first = 0
        for number, spec in enumerate(
            container_specs(
                self.request,
                self._folders,
                most_processes=self.most_processes,
                stop_seconds=self.stop_seconds,
            )
        ):
            directory = JobDirectory(self.folder / "jobs" / str(number) / spec.job_name)
            make_private_folder(directory.path.parent)
            directory.create()
            self.parts.append(Part(spec, directory, self.storage, first))
            first += spec.world_size

    def _fetch_source(self) -> None:
        uri = code_uri_of(self.request)
        archive = self.folder / "sourcedir.tar.gz"
        try:
            self.storage.fetch(uri, archive)
            for part in self.parts:
                with tarfile.open(archive) as packed:
                    packed.extractall(part.directory.source, filter="data")
        except tarfile.TarError as error:
            raise LaunchError(f"{uri} cannot be unpacked: {error}") from error

    def _fetch_channel(self, channel: Mapping[str, Any]) -> None:
        source, name = channel["DataSource"].get("S3DataSource"), channel["ChannelName"]
        usual = self.request["AlgorithmSpecification"].get("TrainingInputMode")
        if source is None or channel.get("InputMode", usual) == "Pipe":
            return  # mounted, or streamed by the local launcher
        kind, uri = source.get("S3DataType", "S3Prefix"), source["S3Uri"]
        folder = make_private_folder(self._folders.input / name)
        if not self.storage.fetch_channel(uri, folder, kind):
            raise LaunchError(
                f"Data download failed: NoSuchKey (404): no S3 objects found under prefix: {uri} "
                f"of channel {name!r}"
            )

    def _environment(self) -> dict[str, str]:
        name, region = str(self.request["TrainingJobName"]), self.storage.region
        return {
            **{key: os.environ[key] for key in _KEPT if key in os.environ},
            **{key: value for key, value in os.environ.items() if key.startswith("SDT_")},
            **{key.upper(): value for key, value in CREDENTIALS.items()},
            "AWS_ENDPOINT_URL": self.storage.url,
            "AWS_REGION": region,
            "TRAINING_JOB_NAME": name,
            "TRAINING_JOB_ARN": f"arn:aws:sagemaker:{region}:123456789012:training-job/{name}",
        }


def _joined(archives: Iterable[Path], target: Path) -> Path:
    """One archive of what all parts left; of equal names the last counts."""
    first, *others = archives
    if not others:
        return first
    with tarfile.open(target, "w:gz") as joined:
        for archive in (first, *others):
            with tarfile.open(archive) as packed:
                for entry in packed:
                    joined.addfile(entry, packed.extractfile(entry) if entry.isfile() else None)
    return target
