"""A handle on one job: status, logs, metrics, cost, waiting, stopping. It reads files only.

Any number of handles, in any process, may watch the same job; the supervisor alone writes.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from jupyter_sdt.errors import JobError, JobLostError, SdtError, SpecError
from jupyter_sdt.spec.cost import Cost, cost_of
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState, JobStatus
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.description import describe
from jupyter_sdt.store.failure import job_error
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.job_state import observe
from jupyter_sdt.store.log_reader import LogReader
from jupyter_sdt.store.metric_reader import MetricReader
from jupyter_sdt.store.outputs import read_outputs
from jupyter_sdt.store.progress import Progress, progress
from jupyter_sdt.store.series import SeriesTable

if TYPE_CHECKING:
    import pandas as pd

    from jupyter_sdt.launch.remote.warm_pools import WarmPool

# Short jobs are noticed at once, long ones cost next to nothing.
_FIRST_POLL_SECONDS, _POLL_SECONDS = 0.005, 0.05
_TICK_SECONDS = 0.2
_FOLLOW_SECONDS = 0.05


class TrainingJob:
    """One job, running or ended, of this kernel or of any other process."""

    def __init__(self, directory: JobDirectory) -> None:
        self.directory = directory
        self._reader = MetricReader(directory)
        self._records: list[MetricRecord] = []
        # A view that follows the job from a thread of its own shares the handle with the cells.
        self._reading = threading.Lock()
        # Curves take a tenth of the memory of records, so who draws does not pay for those.
        self._table_reader = MetricReader(directory)
        self._table = SeriesTable()

    @classmethod
    def attach(cls, job_name: str, *, region: str | None = None) -> Self:
        """Return a handle on an existing job by name.

        A job that is not on this machine is looked for on SageMaker, in ``region`` or that of the
        environment, and followed from here on. A follower whose credentials have expired gets
        those of this process. Raises SpecError for a name that no job can have, SdtError when there
        is no such job, LaunchError when AWS cannot be asked.
        """
        from jupyter_sdt.launch.remote.adoption import find_anywhere  # noqa: PLC0415 - not for views

        return cls(find_anywhere(job_name, region))

    @property
    def name(self) -> str:
        """The job's name."""
        return self.directory.job_name

    @cached_property
    def spec(self) -> JobSpec:
        """What was asked for. Raises SdtError when the job's folder holds no spec."""
        return self.directory.read_spec()

    @property
    def status(self) -> JobStatus:
        """InProgress, Completed, Failed, Stopping or Stopped."""
        return self.state().status

    def state(self) -> JobState:
        """Return the present state.

        ``secondary_status`` is "Lost", hence ``status`` "Failed", when the supervisor has died.
        Raises JobLostError when the job's folder has been deleted.
        """
        return observe(self.directory)

    def wait(
        self,
        timeout_seconds: float | None = None,
        on_change: Callable[[JobState], None] | None = None,
    ) -> JobState:
        """Wait for the job's end and return its last state.

        ``on_change`` is called with the state at once, at every change and at least five times a
        second. Stopped only warns, as in SageMaker's SDK. Raises JobError when the job failed,
        JobLostError when its supervisor died or its folder was deleted, TimeoutError when it is
        still going after ``timeout_seconds``; the job itself goes on then.
        """
        for state in self._states(timeout_seconds):
            if on_change is not None:
                on_change(state)
        if state.secondary_status == "Lost":
            raise JobLostError(state.failure_reason)
        if error := job_error(self.directory, state):
            raise error
        if state.status == "Stopped":
            told = state.failure_reason or "somebody asked it to stop"
            warnings.warn(f"job {self.name} did not complete: {told}", stacklevel=2)
        return state

    def stop(self, wait: bool = False) -> None:
        """Ask the job to end: SIGTERM to the ranks, after ``stop_seconds`` SIGKILL to all of it.

        Ends what a dead supervisor left behind, too. Does nothing when the job has ended. ``wait``
        returns only when nothing runs any more. Raises JobLostError when the folder was deleted.
        """
        state = self.state()
        if state.terminal and state.secondary_status != "Lost":
            return
        try:
            self.directory.ask_to_stop()
        except FileNotFoundError:
            raise JobLostError(f"{self.directory.path} was deleted") from None
        if state.secondary_status == "Lost":
            self._stop_orphans(wait=wait)
        elif wait and list(self._states(None))[-1].secondary_status == "Lost":
            self._stop_orphans(wait=True)

    def logs(self, rank: int | None = None, follow: bool = False) -> Iterator[str]:
        """Yield the lines of one rank's log, or of all; ``follow`` goes on until the job ends.

        With several ranks lines begin with ``[rank N] ``. Raises SpecError for a rank that the job
        does not have.
        """
        world_size = self.spec.world_size
        if rank is not None and not 0 <= rank < world_size:
            known = f"0 to {world_size - 1}" if world_size > 1 else "0"
            raise SpecError(f"rank={rank}: job {self.name} has ranks {known}", argument="rank")
        reader = LogReader(self.directory, rank, prefixed=world_size > 1)
        return self._follow(reader) if follow else reader.finish()

    def metrics(self) -> list[MetricRecord]:
        """Return all records so far, oldest first; what was read before is not read again."""
        with self._reading:
            if new := self._reader.read():
                self._records = sorted([*self._records, *new], key=lambda record: record.time)
            return list(self._records)

    def series(self) -> SeriesTable:
        """Return the curves so far; the table is the same each time and grows with each call."""
        with self._reading:
            self._table.add(self._table_reader.iterate())
        return self._table

    def progress(self) -> Progress:
        """Return how far the job and each rank have come."""
        return progress(self.series(), self.spec, self.state())

    def cost(self) -> Cost | None:
        """Return what a job on ``ml.*`` instances has cost so far; None for a local one."""
        return cost_of(self.state(), time.time())

    def warm_pool(self) -> WarmPool | None:
        """Ask SageMaker for the instances kept after this job. Raises SpecError or LaunchError."""
        from jupyter_sdt.launch.remote.warm_pools import ask_pool  # noqa: PLC0415 - seldom

        return ask_pool(self.spec)

    def update_warm_pool(self, seconds: int) -> None:
        """Keep the job's instances for ``seconds`` after its end; 0 gives them back now.

        UpdateTrainingJob's KeepAlivePeriodInSeconds. Raises SpecError for a local job or another
        number, LaunchError for what AWS refuses.
        """
        from jupyter_sdt.launch.remote.warm_pools import update_pool  # noqa: PLC0415 - seldom

        update_pool(self.spec, seconds)

    def describe(self) -> dict[str, Any]:
        """Return what DescribeTrainingJob would, times as datetimes, without service-only keys."""
        return describe(self.spec, self.state(), self.series())

    def dataframe(self) -> pd.DataFrame:
        """Return one row per record: time, rank, step, source, and a column for each metric."""
        import pandas as pd  # noqa: PLC0415 - it takes half a second

        records = self.metrics()
        head = [(r.time, r.rank, r.step, r.source) for r in records]
        frame = pd.DataFrame(head, columns=["time", "rank", "step", "source"])
        frame["time"] = pd.to_datetime(frame["time"], unit="s", utc=True)
        values = pd.DataFrame([dict(r.values) for r in records], dtype="float64")
        return pd.concat([frame.astype({"step": "Int64"}), values], axis="columns")

    def error(self) -> JobError | None:
        """Return why the job failed: rank, exit code, traceback, last log lines; else None."""
        return job_error(self.directory, self.state())

    def outputs(self) -> dict[str, Any]:
        """Return the variables that the job sent back, by name.

        Raises SdtError naming those that cannot be read here, because their class is missing.
        """
        values, messages = read_outputs(self.directory)
        if messages:
            raise SdtError("\n".join(messages))
        return values

    def __repr__(self) -> str:
        return f"TrainingJob({self.name!r})"

    def _states(self, timeout_seconds: float | None) -> Iterator[JobState]:
        """Yield the state now, at every change, every 0.2 s, and lastly the terminal one."""
        started = told = time.monotonic()
        pause, state = _FIRST_POLL_SECONDS, self.state()
        yield state
        while not state.terminal:
            now = time.monotonic()
            if timeout_seconds is not None and now - started >= timeout_seconds:
                raise TimeoutError(
                    f"job {self.name} is {state.secondary_status} after {timeout_seconds:g} s"
                )
            time.sleep(pause)
            pause = min(pause * 1.2, _POLL_SECONDS)
            before, state = state, self.state()
            if state != before or now - told >= _TICK_SECONDS:
                told = now
                yield state

    def _follow(self, reader: LogReader) -> Iterator[str]:
        # The state is looked at first: what was written before the end is read after it.
        while not self.state().terminal:
            yield from reader.read()
            time.sleep(_FOLLOW_SECONDS)
        yield from reader.finish()

    def _stop_orphans(self, *, wait: bool) -> None:
        command = [sys.executable, "-P", "-m", "jupyter_sdt.launch.supervision.process_tree"]
        command += [str(self.directory.path), f"--grace={self.spec.stop_seconds}"]
        # A process of its own, so that the deadline holds even when this one ends before it.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        if wait:
            process.wait()
        else:
            process.returncode = 0  # nobody will ask; without this, Python would warn
