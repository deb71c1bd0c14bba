"""Every path of a job, its lock, and the few writes that are not appends.

The page for newcomers is docs/job_directory.md; this file is its implementation.
"""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path

from jupyter_sdt.errors import SdtError, SpecError
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.spec.variables import JOBS_DIRECTORY
from jupyter_sdt.store.files import make_private_folder, read_object, write_atomically, write_json
from jupyter_sdt.store.outside_files import OutsideFiles

# TrainingJobName in the SageMaker API, at most 63 characters.
JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True, slots=True)
class JobDirectory(OutsideFiles):
    """One job on disk. Every path of it is a property here and nowhere else."""

    @property
    def job_name(self) -> str:
        """The job's name, which is the folder's."""
        return self.path.name

    @property
    def spec_file(self) -> Path:
        """``job.json``: the JobSpec, written once by fit()."""
        return self.path / "job.json"

    @property
    def plan_file(self) -> Path:
        """``plan.json``: the LaunchPlan, written once by the supervisor."""
        return self.path / "plan.json"

    @property
    def conditions_file(self) -> Path:
        """``conditions.json``: interpreter, machine and packages when the ranks were started."""
        return self.path / "conditions.json"

    @property
    def state_file(self) -> Path:
        """``state.json``: the JobState; only the supervisor writes it."""
        return self.path / "state.json"

    @property
    def lock_file(self) -> Path:
        """``lock``: held by the supervisor as long as it lives."""
        return self.path / "lock"

    @property
    def stop_file(self) -> Path:
        """``stop``: appears when anyone asks to stop."""
        return self.path / "stop"

    @property
    def supervisor_log(self) -> Path:
        """``supervisor.log``: what the supervisor itself has to say."""
        return self.path / "supervisor.log"

    @property
    def source(self) -> Path:
        """``source/``: the entry point and the user's source_dir; the ranks' working directory."""
        return self.path / "source"

    @property
    def variables_in(self) -> Path:
        """``variables/in/NAME.pickle``: what ``--in`` sent."""
        return self.path / "variables" / "in"

    @property
    def variables_out(self) -> Path:
        """``variables/out/NAME.pickle``: what ``--out`` brings back."""
        return self.path / "variables" / "out"

    @property
    def logs(self) -> Path:
        """``logs/rank-N.log``: stdout and stderr of each rank, in order."""
        return self.path / "logs"

    @property
    def errors(self) -> Path:
        """``errors/rank-N.json``: the uncaught exception of a rank."""
        return self.path / "errors"

    @property
    def metrics(self) -> Path:
        """``metrics/rank-N.jsonl``: MetricRecords of each rank; ``regex.jsonl`` from the logs."""
        return self.path / "metrics"

    @property
    def resources_file(self) -> Path:
        """``resources.jsonl``: what each rank used of the machine, second by second."""
        return self.path / "resources.jsonl"

    @property
    def processes(self) -> Path:
        """``processes/rank-N.json``: pid, start time and, after the end, exit code of each rank."""
        return self.path / "processes"

    @property
    def stacks(self) -> Path:
        """``stacks/rank-N.txt``: every thread's stack, dumped when the job hangs."""
        return self.path / "stacks"

    def node(self, name: str) -> Path:
        """``nodes/algo-1/``: the /opt/ml tree of one node."""
        return self.path / "nodes" / name

    def log(self, rank: int) -> Path:
        """The log of one rank."""
        return self.logs / f"rank-{rank}.log"

    def launcher_log(self, node: str) -> Path:
        """What torchrun or mpirun itself printed on one node."""
        return self.logs / f"launcher-{node}.log"

    def error(self, rank: int) -> Path:
        """The error file of one rank."""
        return self.errors / f"rank-{rank}.json"

    def metric(self, rank: int) -> Path:
        """The metrics file of one rank."""
        return self.metrics / f"rank-{rank}.jsonl"

    def process(self, rank: int) -> Path:
        """The process file of one rank."""
        return self.processes / f"rank-{rank}.json"

    def create(self) -> None:
        """Make the empty tree (0700). Raises SpecError when a job of this name exists."""
        make_private_folder(self.path.parent)
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            raise SpecError(
                f"job_name={self.job_name!r} is taken: {self.path} exists; choose another name",
                argument="job_name",
            ) from None
        for folder in (
            self.source,
            self.variables_in,
            self.variables_out,
            self.logs,
            self.errors,
            self.metrics,
            self.processes,
            self.stacks,
        ):
            make_private_folder(folder)

    def write_spec(self, spec: JobSpec) -> None:
        """Write ``job.json``."""
        write_json(self.spec_file, spec.to_json(), durable=False)

    def read_spec(self) -> JobSpec:
        """Read ``job.json``. Raises SdtError when there is none or it holds something else."""
        try:
            return JobSpec.from_json(read_object(self.spec_file))
        except FileNotFoundError:
            raise SdtError(f"no job {self.job_name!r}: {self.spec_file} does not exist") from None
        except (AttributeError, TypeError, ValueError) as error:
            raise SdtError(f"{self.spec_file} is damaged: {error}") from None

    def write_state(self, state: JobState) -> None:
        """Write ``state.json``; waits for the disk only at the end, when nothing is in a hurry."""
        write_json(self.state_file, state.to_json(), durable=state.terminal)

    def read_state(self) -> JobState:
        """Read ``state.json``, or the state of a job whose supervisor has not begun.

        Raises SdtError when the file holds something else.
        """
        try:
            return JobState.from_json(read_object(self.state_file))
        except FileNotFoundError:
            return JobState()
        except (AttributeError, TypeError, ValueError) as error:
            raise SdtError(f"{self.state_file} is damaged: {error}") from None

    def ask_to_stop(self) -> None:
        """Create ``stop``; the supervisor sees it within a moment."""
        write_atomically(self.stop_file, b"")

    def open_lock(self) -> int:
        """Take the lock and return its descriptor, to be handed to the supervisor.

        The lock belongs to the open file, so it is held until the last process that inherited or
        received the descriptor has gone, however it goes. Raises SdtError when the job has, or had,
        a supervisor already.
        """
        if self.lock_file.exists():
            raise SdtError(f"job {self.job_name!r} was started before; give it a new name")
        # The file appears locked: a free lock would tell readers that the supervisor has died.
        temporary = self.path / f".lock.{os.getpid()}"
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temporary.rename(self.lock_file)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def supervised(self) -> bool:
        """Whether a supervisor holds the lock."""
        try:
            handle = os.open(self.lock_file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


def jobs_root() -> Path:
    """The folder of all jobs: ``SDT_JOBS_DIR``, or ``~/.jupyter_sdt/jobs``."""
    given = os.environ.get(JOBS_DIRECTORY)
    return Path(given).expanduser().resolve() if given else Path.home() / ".jupyter_sdt" / "jobs"


def job_directory(job_name: str, root: Path | None = None) -> JobDirectory:
    """The directory of a job by name. Raises SpecError for a name SageMaker would refuse.

    The pattern also keeps names from leaving the folder of jobs.
    """
    text = str(job_name)
    if job_name != text or len(text) > 63 or not JOB_NAME.fullmatch(text):
        allowed = re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")[:63].rstrip("-")
        hint = f"; {allowed!r} would do" if allowed else ""
        raise SpecError(
            f"job_name={job_name!r} must be 1 to 63 letters, digits and inner hyphens{hint}",
            argument="job_name",
        )
    return JobDirectory((root or jobs_root()) / job_name)
