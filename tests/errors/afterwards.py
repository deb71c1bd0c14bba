"""What the last column of docs/errors.md promises, looked up on the disk and among processes."""

from __future__ import annotations

from collections.abc import Callable

from errors.bench import Bench

from jupyter_sdt.launch.supervision.process_tree import living_ranks
from jupyter_sdt.store.job_store import list_job_names


def nothing_starts(bench: Bench) -> None:
    """No folder of a job is there that was not there before."""
    assert set(list_job_names()) == bench.known


def job_fails(bench: Bench) -> None:
    """The supervisor wrote down a failure, and no rank is left."""
    job = bench.new_job()
    state = job.state()
    assert (state.status, state.secondary_status) == ("Failed", "Failed")
    assert living_ranks(job.directory) == {}


def job_stops(bench: Bench) -> None:
    """Ended, but not failed, and no rank is left."""
    job = bench.new_job()
    assert job.status == "Stopped"
    assert living_ranks(job.directory) == {}


def job_is_lost(bench: Bench) -> None:
    """Nobody supervises it; its ranks still run and can be stopped."""
    job = bench.new_job()
    assert job.state().secondary_status == "Lost"
    assert living_ranks(job.directory)
    job.stop(wait=True)
    assert living_ranks(job.directory) == {}


def job_is_gone(bench: Bench) -> None:
    """Its folder is no more."""
    assert list_job_names() == []


def job_goes_on(bench: Bench) -> None:
    """Still training, still supervised."""
    job = bench.new_job()
    assert job.status == "InProgress"
    assert job.directory.supervised()


def job_completes(bench: Bench) -> None:
    """The mistake did not matter to the training."""
    assert bench.new_job().wait(60).status == "Completed"


CHECKS: dict[str, Callable[[Bench], None]] = {
    "Nothing starts": nothing_starts,
    "Nothing changes": nothing_starts,
    "The job fails": job_fails,
    "The job stops": job_stops,
    "The job is lost": job_is_lost,
    "The job is gone": job_is_gone,
    "The job goes on": job_goes_on,
    "The job completes": job_completes,
}
