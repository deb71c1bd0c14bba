"""Starting and ending the rehearsal: moto's server with our training jobs in it."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.rehearsal.account import TrainingJobs
from jupyter_sdt.rehearsal.conditions import Conditions
from jupyter_sdt.rehearsal.price_list import PriceList
from jupyter_sdt.rehearsal.refusals import RefusedError
from jupyter_sdt.rehearsal.storage import CREDENTIALS
from jupyter_sdt.rehearsal.training_job import RehearsedJob, check_phase
from jupyter_sdt.rehearsal.trouble import Trouble


@dataclass
class Rehearsal:
    """A running rehearsal: its ``url``, and the ``folder`` that holds its jobs while it runs."""

    url: str
    folder: Path
    conditions: Conditions
    region: str = "us-east-1"
    # Called with the job's name for each DescribeTrainingJob; for counting them.
    on_describe: Callable[[str], None] | None = None
    trouble: Trouble = field(init=False)
    _places: dict[tuple[str, str], TrainingJobs] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.trouble = Trouble(self.conditions.denied)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that lead boto3, and whatever is built on it, here instead of to AWS."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **{name.upper(): value for name, value in CREDENTIALS.items()},
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def calls(self) -> deque[str]:
        """Operations asked for so far, in order, of the services that :meth:`expire` names."""
        return self.trouble.calls

    def training_jobs(self, account: str, region: str, jobs: dict[str, Any]) -> TrainingJobs:
        """The jobs of one account and region, in the table that moto lists from."""
        with self._lock:
            found = self._places.get((account, region))
            if found is None or found.jobs is not jobs:  # moto was reset
                if found is not None:
                    found.end()
                found = TrainingJobs(
                    jobs, region, account, self.url, self.folder, self.conditions, self._described
                )
                self._places[account, region] = found
            return found

    def _described(self, job_name: str) -> None:
        if self.on_describe is not None:
            self.on_describe(job_name)

    def job(self, job_name: str) -> RehearsedJob:
        """What the service knows of a job. Raises SpecError for an unknown name."""
        for place in self._places.values():
            if job_name in place.jobs:
                return place.jobs[job_name]
        raise SpecError(f"job_name={job_name!r}: no such job in this rehearsal")

    def interrupt(self, job_name: str) -> None:
        """Take the capacity of a spot job away now, once. Raises SpecError for an unknown name."""
        self.job(job_name).interrupt_asked.set()

    def break_down(self, job_name: str) -> None:
        """Let an instance of a job fail, an InternalServerError that RetryStrategy heals.

        The job starts again with its checkpoints, as often as ``max_retry_attempts`` allows. Raises
        SpecError for an unknown name.
        """
        self.job(job_name).failure_asked.set()

    def enter(self, job_name: str, phase: str, reason: str = "") -> None:
        """Move a job of ``Conditions(directed=True)`` on: "Training", "Completed", "Failed", ...

        ``reason`` becomes the FailureReason of a failure. Raises SpecError for an unknown name or
        phase, and for a job that runs by itself.
        """
        if not self.conditions.directed:
            raise SpecError(f"{job_name} runs by itself; use Conditions(directed=True)")
        check_phase(phase)
        self.job(job_name).enter(phase, reason)

    def expire(self, access_key_id: str) -> None:
        """Refuse what is signed with this key from now on, for its credentials have expired.

        All do that speak JSON (SageMaker, CloudWatch Logs, ECR, ...) or are asked by forms (STS,
        IAM, EC2), and S3. Jobs that run have a key of their own and go on.
        """
        self.trouble.expired.add(access_key_id)

    def refuse(self, operation: str, code: str, message: str = "", *, times: int = 1) -> None:
        """Answer the next calls of an operation with an error: ``"ThrottlingException"``.

        Of the services that :meth:`expire` names: "GetRole", "HeadBucket", "GetObject".
        """
        self.trouble.refuse(operation, RefusedError(code, message or code), times)

    def cut(self, after_bytes: int, *, times: int = 1) -> None:
        """Break the connection of the next objects that are read from S3, after so many bytes."""
        self.trouble.cut(after_bytes, times)

    def lose(self, operation: str, *, times: int = 1) -> None:
        """Do what the next calls of an operation ask for, but let their answers not arrive."""
        self.trouble.lose(operation, times)

    def end(self) -> None:
        """Stop every job; nothing of them runs any more when this returns."""
        for place in self._places.values():
            place.end()


@contextmanager
def rehearse(
    *, port: int = 0, conditions: Conditions | None = None, region: str = "us-east-1"
) -> Iterator[Rehearsal]:
    """Serve a rehearsed AWS on the loopback address; ``port`` 0 takes a free one.

    One rehearsal at a time in a process. At the end its jobs are stopped and everything in it is
    gone. Raises LaunchError without the extra ``rehearsal``.
    """
    require_moto()
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - with the extra only

    from jupyter_sdt.rehearsal.gate import gate  # noqa: PLC0415
    from jupyter_sdt.rehearsal.operations import training_jobs_in_moto  # noqa: PLC0415

    # It would print a line for each request.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    host, taken = server.get_host_and_port()
    folder = Path(tempfile.mkdtemp(prefix="sdt-rehearsal-"))
    given = conditions or Conditions()
    rehearsal = Rehearsal(f"http://{host}:{taken}", folder, given, region)
    answers: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
        "GetProducts": PriceList(given.prices, region).get_products,
        "ListTrainingPlans": lambda _: {"TrainingPlanSummaries": []},  # nobody has bought any
    }
    _forget(rehearsal.url)
    # Ours until nobody can call any more: moto's own handlers know nothing of our jobs.
    with (
        gate(rehearsal.trouble, answers),
        training_jobs_in_moto(rehearsal.training_jobs, given.quotas, given.denied),
    ):
        try:
            yield rehearsal
        finally:
            rehearsal.end()
            _forget(rehearsal.url)
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)


def _forget(url: str) -> None:
    """Empty moto's account: it is one for the whole process, and would be there the next time."""
    request = urllib.request.Request(f"{url}/moto-api/reset", method="POST")  # noqa: S310 - ours
    urllib.request.urlopen(request).close()  # noqa: S310


def require_moto() -> None:
    """Raise LaunchError when moto's server is not installed."""
    if find_spec("moto") is None or find_spec("flask") is None:
        raise LaunchError(
            "a rehearsal needs moto's server, which is not installed; install it with "
            "pip install 'jupyter-sdt[rehearsal]'"
        )
