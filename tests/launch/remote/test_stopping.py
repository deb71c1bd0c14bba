"""A job that takes its time: followed through its phases and stopped, by real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from aws_support import remote
from support import until
from tiny_aws import TinyAws, serve

from jupyter_sdt.estimator.specification import Request, make_submission
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.store.job_directory import job_directory


@pytest.fixture
def aws(aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyAws]:
    made = TinyAws(["Starting", "Downloading", "Training"])
    server = serve(made)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    yield made
    server.shutdown()
    server.server_close()


def started(script, name: str) -> TrainingJob:
    return remote(script, output_path="s3://out/models").start(job_name=name)


def test_stop_reaches_the_service_and_its_phases_become_the_jobs(aws, script):
    aws.throttled = 2
    job = started(script, "slow")
    until(lambda: job.state().secondary_status == "Training", 60)
    job.stop()
    with pytest.warns(UserWarning, match="somebody asked it to stop"):
        state = job.wait(timeout_seconds=60)
    assert aws.calls.count("StopTrainingJob") == 1
    phases = [step.secondary_status for step in state.transitions]
    assert phases == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]
    assert state.status == "Stopped"
    assert aws.calls[:2] == [
        "PUT /out/slow/source/sourcedir.tar.gz",
        "CreateTrainingJob",
    ]


def test_a_job_whose_supervisor_died_is_stopped_as_well(aws, script):
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
    subprocess.run(command, check=True)
    assert aws.calls == ["StopTrainingJob"]
