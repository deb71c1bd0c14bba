"""The training jobs of a rehearsed account: what each call does, with the service's answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from jupyter_sdt.launch.remote.described_spec import instances_of
from jupyter_sdt.rehearsal import warm_pools
from jupyter_sdt.rehearsal.conditions import Conditions
from jupyter_sdt.rehearsal.course import Course
from jupyter_sdt.rehearsal.listing import listed
from jupyter_sdt.rehearsal.refusals import (
    RefusedError,
    check_name,
    check_quota,
    check_role,
)
from jupyter_sdt.rehearsal.searching import searched
from jupyter_sdt.rehearsal.storage import Storage
from jupyter_sdt.rehearsal.training_job import RehearsedJob

Jobs = dict[str, RehearsedJob]


@dataclass
class TrainingJobs:
    """The jobs of one account and region; ``jobs`` is the table that moto lists from."""

    jobs: Jobs
    region: str
    account: str
    url: str
    folder: Path
    conditions: Conditions
    on_describe: Callable[[str], None]
    _courses: list[threading.Thread] = field(default_factory=list)
    _calls: count[int] = field(default_factory=lambda: count(1))

    def create(self, request: Mapping[str, Any], trust: str | None) -> RehearsedJob:
        """CreateTrainingJob; ``trust`` is the policy of the role, None for a role nobody knows.

        The request itself has been checked. Raises RefusedError.
        """
        name = str(request["TrainingJobName"])
        arn = f"arn:aws:sagemaker:{self.region}:{self.account}:training-job/{name}"
        check_name(name, self.jobs, arn)
        if trust is not None or self.conditions.known_roles_only:
            check_role(str(request["RoleArn"]), trust or "")
        check_quota(request, self.conditions.quotas, self._in_use())
        job = RehearsedJob(request, arn, self.conditions.spot_price_share)
        warm = warm_pools.take_over(job, list(self.jobs.values()))
        self.jobs[name] = job
        if not self.conditions.directed:
            self._begin(job, warm=warm)
        return job

    def describe(self, name: str) -> dict[str, Any]:
        """DescribeTrainingJob. Raises RefusedError."""
        self.on_describe(name)
        job = self.find(name)
        pool = warm_pools.pool_status(job)
        return {**job.describe(), **({"WarmPoolStatus": pool} if pool else {})}

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """ListTrainingJobs. Raises RefusedError."""
        return listed(list(self.jobs.values()), request)

    def search(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Search for training jobs. Raises RefusedError."""
        return searched(list(self.jobs.values()), request)

    def update(self, request: Mapping[str, Any]) -> RehearsedJob:
        """UpdateTrainingJob: how long its warm pool is kept. Raises RefusedError."""
        job = self.find(str(request["TrainingJobName"]))
        warm_pools.update(job, request)
        return job

    def find(self, name: str) -> RehearsedJob:
        """The job of a name. Raises RefusedError."""
        if name not in self.jobs:
            # The service says ValidationException here, and not ResourceNotFound.
            raise RefusedError("ValidationException", "Requested resource not found.")
        return self.jobs[name]

    def stop(self, name: str) -> None:
        """StopTrainingJob: SIGTERM, the deadline, SIGKILL. Raises RefusedError."""
        job = self.find(name)
        if job.ended:
            raise RefusedError(
                "ValidationException",
                f"The request was rejected because the training job is in status "
                f"{job.training_job_status}.",
            )
        job.stop_asked.set()

    def delete(self, name: str) -> None:
        """DeleteTrainingJob: only of a job that has ended. Raises RefusedError."""
        job = self.find(name)
        if not job.ended:
            raise RefusedError(
                "ResourceInUse",
                f"The training job {name} is in status {job.training_job_status} and cannot be "
                "deleted",
            )
        del self.jobs[name]

    def throttle(self) -> None:
        """Refuse every n-th call. Raises RefusedError."""
        every = self.conditions.throttle_every
        if every and next(self._calls) % every == 0:
            raise RefusedError("ThrottlingException", "Rate exceeded")

    def end(self) -> None:
        """Stop every job and wait until nothing of them runs."""
        for job in self.jobs.values():
            job.stop_asked.set()
        for course in self._courses:
            course.join()

    def _in_use(self) -> Counter[str]:
        used: Counter[str] = Counter()
        for job in self.jobs.values():
            if not job.ended:
                used.update(instances_of(job.request))
        return used

    def _begin(self, job: RehearsedJob, *, warm: bool) -> None:
        storage = Storage(self.url, self.region)
        folder = self.folder / self.region / job.training_job_name
        course = Course(job, storage, folder, self.conditions, warm=warm)
        # Not daemonic: a job must not outlive the service, nor be cut off in the middle of a write.
        thread = threading.Thread(target=course.run, name=f"job {job.training_job_name}")
        self._courses.append(thread)
        thread.start()
