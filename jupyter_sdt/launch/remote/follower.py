"""Following a job on SageMaker: what it does, prints, measures and costs, into its files."""

from __future__ import annotations

import time

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.backend import News
from jupyter_sdt.launch.remote.billing import RemoteBilling
from jupyter_sdt.launch.remote.estimate import instances_of_spec
from jupyter_sdt.launch.remote.fresh_credentials import CredentialsDoor
from jupyter_sdt.launch.remote.logs import RemoteLogs
from jupyter_sdt.launch.remote.metrics import RemoteMetrics
from jupyter_sdt.launch.remote.pace import Pace
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.launch.remote.service_errors import explain, kind_of
from jupyter_sdt.launch.remote.status import RemoteStatus, closing_notes, shortcomings
from jupyter_sdt.launch.remote.warm_pools import told_pool
from jupyter_sdt.spec.billing import Billing
from jupyter_sdt.spec.cost import bill_text
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

# CloudWatch shows the last lines some seconds after the job has ended.
SETTLE_SECONDS = 2.0
# After these, what still cannot be read of the log of an ended job is given up.
LAST_PAUSES = (4.0, 8.0, 16.0)
# How often new streams are looked for: before the first was found, and after that.
_STREAM_SECONDS = {False: 5.0, True: 15.0}
_LOGS, _METRICS = "reading the logs", "reading the metrics"


class RemoteFollower:
    """Asks about one job, each thing when it is time.

    Nothing that AWS answers ends the following: throttling, expired credentials and a lost network
    are waited out and told in the notes. Where the logs may not be read, CloudWatch's metrics are.
    """

    def __init__(self, service: Service, spec: JobSpec, directory: JobDirectory) -> None:
        self._service = service
        self._spec = spec
        self.status = RemoteStatus()
        self.logs = RemoteLogs(service, spec, directory)
        self.describing = Pace(first=1.0, longest=12.5)
        self.reading = Pace(first=2.0, longest=2.0)
        self._measuring = Pace(first=30.0, longest=60.0)
        self._metrics = RemoteMetrics(service, spec, directory)
        self._door = CredentialsDoor(directory)
        self._bill = RemoteBilling(
            service, instances_of_spec(spec), bool(spec.sagemaker.get("use_spot_instances"))
        )
        self._billing: Billing | None = None
        self._streams_due = 0.0
        self._logs_denied = False
        self._notes: dict[str, str] = {}

    @property
    def ended(self) -> bool:
        """Whether the service has named an end."""
        return self.status.ended

    def look(self, now: float) -> None:
        """Describe the job and read what is new, as far as it is time; ``now`` is monotonic."""
        if self._door.take():
            self._service.renew()
            self.hurry()
        if self.describing.due(now):
            self._describe(now)
        if self.reading.due(now) and not self.ended:
            self._read_logs(now)
        if self._logs_denied and self._measuring.due(now) and not self.ended:
            self._read_metrics(now)

    def hurry(self) -> None:
        """Ask again at once."""
        self.describing.hurry()
        self.reading.hurry()

    def drain(self) -> None:
        """Read what the ended job left: CloudWatch shows it some seconds later.

        What cannot be read at this moment is asked for a while longer.
        """
        for number, pause in enumerate((0.0, SETTLE_SECONDS, *LAST_PAUSES)):
            time.sleep(pause)
            self._streams_due = 0.0
            read = self._read_logs(time.monotonic())
            if number and (read or self._logs_denied):
                break
        else:
            self._notes.setdefault(_LOGS, "the end of the log could not be read: CloudWatch has it")
        if self._logs_denied:
            self._read_metrics(time.monotonic(), ended=True)
            self._metrics.copy_final(self.status.described)
        self._door.close()

    def note(self, what: str, said: str) -> None:
        """Have something told in the job's state."""
        self._notes[what] = said

    def news(self) -> News:
        """Return the phases that are new, what troubles the following, and the bill so far."""
        return News(
            transitions=self.status.take_new(),
            notes=tuple(self._notes.values()),
            billing=self._billing,
        )

    def closing_notes(self) -> tuple[str, ...]:
        """Return what the service counted, what it costs, and where the model lies."""
        known = self._billing is not None and self._billing.billable_seconds is not None
        bill = (bill_text(self._billing),) if known and self._billing is not None else ()
        return (*closing_notes(self.status.described), *bill)

    def _describe(self, now: float) -> None:
        try:
            described = self._service.describe(self._spec.job_name)
        except Exception as error:  # noqa: BLE001 - judged by its kind, never ends the following
            self._trouble("DescribeTrainingJob", error, self.describing, now)
            if kind_of(error) == "missing":
                self.status.lose(str(explain(error, resource=self._spec.job_name)))
            return
        self._notes.pop("DescribeTrainingJob", None)
        self._door.close()
        self.describing.went_well(now)
        self.status.update(described)
        self._billing = self._bill.told_by(described)
        if self._service.rehearsed and (said := shortcomings(described)):
            self.note("rehearsed", said)
        if pool := told_pool(described):
            self.note("warm pool", str(pool))

    def _read_logs(self, now: float) -> bool:
        """Whether there is nothing left that could be read now."""
        try:
            if now >= self._streams_due:
                self._streams_due = now + _STREAM_SECONDS[self.logs.found]
                self.logs.find_streams()
            self.logs.copy()
        except Exception as error:  # noqa: BLE001 - logs come later or not at all
            if kind_of(error) == "missing":
                self.reading.went_well(now)  # no stream has been made yet
                return True
            self._logs_denied = kind_of(error) == "denied"
            self._trouble(_LOGS, error, self.reading, now)
            return False
        self._notes.pop(_LOGS, None)
        self._logs_denied = False
        self.reading.went_well(now)
        return True

    def _read_metrics(self, now: float, *, ended: bool = False) -> None:
        try:
            self._metrics.copy(ended=ended)
        except Exception as error:  # noqa: BLE001 - as above
            self._trouble(_METRICS, error, self._measuring, now)
            return
        self._notes.pop(_METRICS, None)
        self._measuring.went_well(now)

    def _trouble(self, what: str, error: Exception, pace: Pace, now: float) -> None:
        kind, name = kind_of(error), self._spec.job_name
        pace.went_wrong(now)
        if kind == "throttled":
            return
        # What a LaunchError says was said about our own side.
        own = isinstance(error, LaunchError)
        said = error if own else explain(error, resource=f"the job {name}")
        told = f"{what} fails, the job itself goes on: {said}"
        if kind == "credentials":
            self._service.renew()
            self._door.open()
            told += f"; credentials of variables are brought by TrainingJob.attach({name!r})"
        self.note(what, told)
