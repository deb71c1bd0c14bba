"""The hosts of a container's job that one launcher starts: one local job, its log, its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch import local
from jupyter_sdt.launch.launchers.runnable import check_runnable
from jupyter_sdt.launch.node.directory import check_paths, read_failure
from jupyter_sdt.rehearsal.log_streams import LogStreams
from jupyter_sdt.rehearsal.metric_feed import MetricFeed
from jupyter_sdt.rehearsal.storage import Storage
from jupyter_sdt.spec.instance_groups import current_groups
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_directory import JobDirectory


@dataclass
class Part:
    """A local job in ``directory``; its ranks count from ``first_rank`` on in the whole job."""

    spec: JobSpec
    directory: JobDirectory
    storage: Storage
    first_rank: int = 0
    _logs: LogStreams = field(init=False)
    _metrics: MetricFeed = field(init=False)

    def __post_init__(self) -> None:
        self._logs = LogStreams(
            self.storage.client("logs"), self.spec, self.directory, first_rank=self.first_rank
        )
        self._metrics = MetricFeed(self.storage.client("cloudwatch"), self.spec, self.directory)

    def check(self) -> None:
        """Raise SpecError or LaunchError for what cannot run on this machine."""
        check_runnable(self.spec)
        check_paths(self.spec)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the ranks and return at once. Raises LaunchError."""
        self.directory.write_spec(self.spec)
        self._logs.open()
        local.start(self.directory, environment)

    def poll(self) -> JobState:
        """Copy new lines to the log, and what they tell to CloudWatch; return the state."""
        state = TrainingJob(self.directory).state()
        self._logs.copy(ended=state.terminal)
        self._metrics.copy(ended=state.terminal)
        return state

    def shortcomings(self) -> str:
        """What is not as on the instances that these hosts stand for; empty where nothing is."""
        kind = next(group.instance_type for group in current_groups(self.spec.sagemaker))
        accelerators = find_instance(kind).accelerators
        if not accelerators:
            return ""
        ranks = self.spec.processes_per_node
        return f"{kind} without its {accelerators} accelerators, {ranks} processes on a host"

    def stop(self) -> None:
        """SIGTERM, the deadline, SIGKILL."""
        TrainingJob(self.directory).stop()

    def failure(self, state: JobState) -> str:
        """The reason as the container wrote it, or the launcher's."""
        written = (read_failure(self.directory, node) for node in self.spec.nodes)
        return next(filter(None, written), state.failure_reason)
