"""The table behind ``%sdt_jobs --remote``: training jobs of the account, whoever started them."""

from __future__ import annotations

import time
from argparse import Namespace

from jupyter_sdt.launch.remote.jobs import RemoteJob, list_remote_jobs
from jupyter_sdt.notebook.jobs_table import JobsTable
from jupyter_sdt.spec.cost import duration
from jupyter_sdt.store.job_store import list_directories

_HEAD = ("name", "status", "created", "elapsed", "warm pool", "here")


def remote_jobs(given: Namespace) -> JobsTable:
    """The newest training jobs that fit; those with a directory on this machine are marked.

    Raises SpecError for an unknown status, LaunchError when AWS cannot be asked.
    """
    now = time.time()
    found = list_remote_jobs(
        name=given.name,
        status=given.status,
        since_seconds=None if given.since is None else now - given.since,
        most=given.last,
        region=given.region,
    )
    here = {directory.job_name for directory in list_directories()}
    rows = tuple(_row(job, now, here=job.name in here) for job in found)
    return JobsTable(rows, _HEAD, "no training jobs like that on SageMaker")


def _row(job: RemoteJob, now: float, *, here: bool) -> tuple[str, ...]:
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created_seconds))
    elapsed = duration((job.ended_seconds or now) - job.created_seconds)
    ended = job.ended_seconds is not None
    status = job.status if ended else job.secondary_status or job.status
    return job.name, status, created, elapsed, job.warm_pool, "yes" if here else ""
