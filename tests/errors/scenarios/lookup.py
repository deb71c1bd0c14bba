"""Mistakes when one comes back to a job."""

from __future__ import annotations

from errors.bench import Bench
from errors.registry import scenario

from jupyter_sdt import Estimator, TrainingJob


@scenario
def unknown_job_name(bench: Bench) -> None:
    bench.earlier_job("digits-1")
    bench.cell("%sdt_attach digit-1")


@scenario
def no_jobs_yet(bench: Bench) -> None:
    bench.cell("%sdt_logs")


@scenario
def name_no_job_can_have(bench: Bench) -> None:
    Estimator.attach("../digits")


@scenario
def unknown_rank(bench: Bench) -> None:
    list(bench.earlier_job("digits-1", processes_per_node=2).logs(rank=2))


@scenario
def unknown_rank_of_sdt_logs(bench: Bench) -> None:
    bench.earlier_job("digits-1", processes_per_node=2)
    bench.cell("%sdt_logs --rank 2")


@scenario
def no_job_of_this_estimator(bench: Bench) -> None:
    bench.estimator().stop()


@scenario
def job_file_damaged(bench: Bench) -> None:
    job = bench.earlier_job("digits-1")
    job.directory.spec_file.write_text('{"job_name": "digits-1"')
    TrainingJob.attach("digits-1").describe()
