"""A job that takes its time: followed through its phases and stopped, by real processes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from aws_support import remote
from support import until

from jupyter_sdt.estimator.specification import Request, make_submission
from jupyter_sdt.store.job_directory import job_directory


def phases(job) -> list[str]:
    return [step.secondary_status for step in job.state().transitions]


def test_stop_reaches_the_service_and_its_phases_become_the_jobs(directed, script):
    service = directed.service
    service.refuse("DescribeTrainingJob", "ThrottlingException", "Rate exceeded", times=2)
    job = remote(script, output_path="s3://out/models").start(job_name="slow")
    until(lambda: "CreateTrainingJob" in service.calls, 90)
    until(lambda: service.calls.count("DescribeTrainingJob") > 2, 90)
    service.enter("slow", "Downloading")
    service.enter("slow", "Training")
    until(lambda: job.state().secondary_status == "Training", 90)
    job.stop()
    until(service.job("slow").stop_asked.is_set, 90)
    service.enter("slow", "Stopping")
    service.enter("slow", "Stopped")
    with pytest.warns(UserWarning, match="somebody asked it to stop"):
        state = job.wait(timeout_seconds=90)
    assert service.calls.count("StopTrainingJob") == 1
    assert phases(job) == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]
    assert state.status == "Stopped"
    sent = [call for call in service.calls if call in ("PutObject", "CreateTrainingJob")]
    assert sent[-2:] == ["PutObject", "CreateTrainingJob"]


def test_a_job_whose_supervisor_died_is_stopped_as_well(directed, script):
    job = job_directory("left")
    job.create()
    arguments = remote(script, output_path="s3://out/models")._arguments
    request = Request(seconds=1.0, job_name="left")
    job.write_spec(make_submission(arguments, "pytorch", request).spec)
    command = [
        sys.executable,
        "-m",
        "jupyter_sdt.launch.supervision.process_tree",
        str(job.path),
        "--grace=0",
    ]
    before = directed.service.calls.count("StopTrainingJob")
    subprocess.run(command, check=True)
    assert directed.service.calls.count("StopTrainingJob") == before + 1
