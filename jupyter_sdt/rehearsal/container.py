"""One run of a job's container: the local launcher with the container's contract."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch import local
from jupyter_sdt.launch.launchers.runnable import check_runnable
from jupyter_sdt.launch.node.directory import check_paths
from jupyter_sdt.launch.remote.training_request import code_uri_of
from jupyter_sdt.rehearsal.container_spec import Folders, container_spec
from jupyter_sdt.rehearsal.log_streams import LogStreams
from jupyter_sdt.rehearsal.metric_feed import MetricFeed
from jupyter_sdt.rehearsal.storage import CREDENTIALS, Storage
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory

# DescribeTrainingJob shows as much of output/failure.
_LONGEST_REASON = 1024
# What the person who rehearses has in their own environment is none of the container's business.
_KEPT = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV")


@dataclass
class Container:
    """Fetches source and channels, runs the script, brings back what it left.

    ``folder`` is this run's own; ``checkpoints`` are shared by the runs of a spot job.
    """

    request: Mapping[str, Any]
    storage: Storage
    folder: Path
    most_processes: int
    stop_seconds: float
    directory: JobDirectory = field(init=False)
    _spec: JobSpec = field(init=False)
    _job: TrainingJob = field(init=False)
    _logs: LogStreams = field(init=False)
    _metrics: MetricFeed = field(init=False)

    def __post_init__(self) -> None:
        self._folders = Folders(self.folder)

    def download(self) -> None:
        """Bring source, channels and checkpoints; raises LaunchError for what is not there."""
        self._spec = container_spec(
            self.request,
            self._folders,
            most_processes=self.most_processes,
            stop_seconds=self.stop_seconds,
        )
        self.directory = JobDirectory(self.folder / "jobs" / self._spec.job_name)
        make_private_folder(self.directory.path.parent)
        self.directory.create()
        self._fetch_source()
        for channel in self.request.get("InputDataConfig", ()):
            self._fetch_channel(channel)
        if checkpoints := self.request.get("CheckpointConfig"):
            make_private_folder(self._folders.checkpoints)
            self.storage.fetch_channel(checkpoints["S3Uri"], self._folders.checkpoints)

    def start(self) -> None:
        """Start the script and return at once. Raises SpecError or LaunchError."""
        check_runnable(self._spec)
        check_paths(self._spec)
        self.directory.write_spec(self._spec)
        self._job = TrainingJob(self.directory)
        self._logs = LogStreams(self.storage.client("logs"), self._spec, self.directory)
        self._logs.open()
        self._metrics = MetricFeed(self.storage.client("cloudwatch"), self._spec, self.directory)
        local.start(self.directory, self._environment())

    def poll(self) -> JobState:
        """Copy new lines to the log, and what they tell to CloudWatch; return the state."""
        state = self._job.state()
        self._logs.copy(ended=state.terminal)
        self._metrics.copy(ended=state.terminal)
        return state

    def stop(self) -> None:
        """SIGTERM, the deadline, SIGKILL."""
        self._job.stop()

    def failure(self, state: JobState) -> str:
        """The reason as the service tells it: what the container wrote, or its exit code."""
        written = [self.directory.node(n) / "output" / "failure" for n in self._spec.nodes]
        texts = [path.read_text(errors="replace") for path in written if path.is_file()]
        told = texts[0] if texts else state.failure_reason
        return f"AlgorithmError: {told[:_LONGEST_REASON]}, exit code: 1"

    def upload_checkpoints(self) -> None:
        """Bring checkpoints to S3, as the service does all the time."""
        if checkpoints := self.request.get("CheckpointConfig"):
            self.storage.put_folder(self._folders.checkpoints, checkpoints["S3Uri"])

    def upload(self) -> None:
        """Bring model and output to S3, packed unless ``CompressionType`` is NONE."""
        config = self.request["OutputDataConfig"]
        target = f"{config['S3OutputPath'].rstrip('/')}/{self._spec.job_name}/output"
        if config.get("CompressionType") == "NONE":
            for node in self._spec.nodes:
                self.storage.put_folder(self.directory.node(node) / "model", f"{target}/model")
            return
        for archive in sorted((self._folders.output / self._spec.job_name / "output").glob("*")):
            self.storage.put(archive, f"{target}/{archive.name}")

    def _fetch_source(self) -> None:
        uri = code_uri_of(self.request)
        archive = self.folder / "sourcedir.tar.gz"
        try:
            self.storage.fetch(uri, archive)
            with tarfile.open(archive) as packed:
                packed.extractall(self.directory.source, filter="data")
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
        name, region = self._spec.job_name, self.storage.region
        return {
            **{key: os.environ[key] for key in _KEPT if key in os.environ},
            **{key: value for key, value in os.environ.items() if key.startswith("SDT_")},
            **{key.upper(): value for key, value in CREDENTIALS.items()},
            "AWS_ENDPOINT_URL": self.storage.url,
            "AWS_REGION": region,
            "TRAINING_JOB_NAME": name,
            "TRAINING_JOB_ARN": f"arn:aws:sagemaker:{region}:123456789012:training-job/{name}",
        }
