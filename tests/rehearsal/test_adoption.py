"""Jobs that were submitted elsewhere, followed from here by what DescribeTrainingJob says alone."""

from __future__ import annotations

import contextlib
import textwrap

import psutil
import pytest
from support import until

from jupyter_sdt import Estimator
from jupyter_sdt.errors import JobError, LaunchError, SdtError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.remote.backend import SageMakerBackend
from jupyter_sdt.server.again import as_cell, run_again

ROLE = "arn:aws:iam::123456789012:role/service-role/Training"
COUNTING = """
    import time
    print("loss: 0.5", flush=True)
    while True:
        time.sleep(0.05)
"""
METRICS = {
    "TrainingImage": "image",
    "TrainingInputMode": "File",
    "MetricDefinitions": [{"Name": "loss", "Regex": r"loss: ([0-9.]+)"}],
}


def test_a_running_job_of_somebody_else_is_followed_and_can_be_stopped(aws):
    account = aws()
    account.create("theirs", COUNTING, AlgorithmSpecification=METRICS)
    job = TrainingJob.attach("theirs")
    assert (job.spec.instance_type, job.spec.instance_count) == ("ml.m5.large", 1)
    assert job.spec.entry_point == "train.py"
    until(lambda: [r.values for r in job.metrics() if r.source == "regex"] == [{"loss": 0.5}], 60)
    assert list(job.logs()) == ["loss: 0.5"]
    assert "submitted before, followed from here" in job.state().notes
    job.stop()
    with pytest.warns(UserWarning, match="did not complete"):
        assert job.wait(timeout_seconds=60).status == "Stopped"
    assert account.describe("theirs")["TrainingJobStatus"] == "Stopped"


def test_a_job_that_ended_long_ago_brings_its_story_and_its_error(aws):
    account = aws()
    account.create("old", "raise ValueError('no such layer')")
    account.wait("old")
    with pytest.raises(JobError, match="no such layer"):
        TrainingJob.attach("old").wait(timeout_seconds=60)
    again = TrainingJob.attach("old")  # now it is here
    assert any("ValueError" in line for line in again.logs())
    steps = again.state().transitions
    phases = [step.secondary_status for step in steps]
    assert phases == ["Starting", "Downloading", "Training", "Failed"]
    told = account.describe("old")["SecondaryStatusTransitions"]
    began = [phase["StartTime"].timestamp() for phase in told]
    assert [step.start_seconds for step in steps] == pytest.approx(began, abs=0.002)


def test_a_follower_that_cannot_go_on_leaves_the_job_running(aws):
    account = aws()
    account.create("goes-on", COUNTING)
    job = TrainingJob.attach("goes-on")
    backend = SageMakerBackend(job.spec, job.directory)
    backend.submit(backend.prepare(backend.plan()))
    backend.kill()  # what a supervisor does last, whatever has happened to it
    assert account.describe("goes-on")["TrainingJobStatus"] == "InProgress"
    backend.terminate()  # somebody asked
    assert account.describe("goes-on")["TrainingJobStatus"] in ("Stopping", "Stopped")
    with pytest.warns(UserWarning, match="did not complete"):
        job.wait(timeout_seconds=60)


def test_a_name_that_nobody_knows_is_said_to_be_unknown_at_both_places(aws):
    aws()
    with pytest.raises(SdtError, match="SageMaker knows no such training job either"):
        TrainingJob.attach("nobody")


def test_where_sagemaker_cannot_be_asked_the_name_is_said_to_be_unknown_here(aws, monkeypatch):
    aws()
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")  # half of the credentials
    with pytest.raises(LaunchError, match=r"no job 'nobody' in .*; SageMaker was asked, too: "):
        TrainingJob.attach("nobody")


def test_a_job_of_others_is_sent_again_and_its_secrets_are_in_no_file(aws, monkeypatch):
    account = aws(directed=True)
    secret = {"HF_TOKEN": "canary-of-others", "LEVEL": "3"}
    account.create("theirs", Environment=secret, StoppingCondition={"MaxRuntimeInSeconds": 60})
    job = TrainingJob.attach("theirs")
    until(lambda: job.state().billing is not None, 60)
    account.rehearsal.enter("theirs", "Completed")
    job.wait(timeout_seconds=60)
    files = [path for path in job.directory.path.rglob("*") if path.is_file()]
    assert [path for path in files if b"canary-of-others" in path.read_bytes()] == []
    estimator = Estimator.attach("theirs")
    assert (estimator.image_uri, estimator.max_run) == ("image", 60)
    assert estimator.environment == {"LEVEL": "3"}
    assert estimator.source_dir == "s3://bucket/theirs/sourcedir.tar.gz"
    assert "--source-dir s3://bucket/theirs/sourcedir.tar.gz" in as_cell(job.directory)["cell"]
    monkeypatch.setenv("HF_TOKEN", "mine")
    again = TrainingJob(run_again(job.directory))
    until(lambda: account.rehearsal.calls.count("CreateTrainingJob") == 2, 60)
    sent = until(lambda: again.state().billing and account.rehearsal.job(again.name).request, 60)
    assert sent["Environment"] == {"HF_TOKEN": "mine", "LEVEL": "3"}
    account.rehearsal.enter(again.name, "Completed")
    again.wait(timeout_seconds=60)


def test_a_job_whose_supervisor_died_is_followed_anew(aws, tmp_path):
    aws()
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(COUNTING))
    machine = {"instance_type": "ml.m5.large", "instance_count": 1, "image_uri": "image"}
    estimator = Estimator(entry_point=str(script), output_path="s3://bucket", role=ROLE, **machine)
    job = estimator.start(job_name="orphan")
    until(lambda: list(job.logs()), 120)
    until(lambda: supervisor_of(job), 60).kill()
    until(lambda: job.state().secondary_status == "Lost", 60)
    again = TrainingJob.attach("orphan")
    until(lambda: list(again.logs()) and again.state().secondary_status == "Training", 120)
    assert list(again.logs()) == ["loss: 0.5"]
    assert (again.directory.source / "train.py").read_text() == script.read_text()
    assert [path.name for path in job.directory.path.parent.iterdir()] == ["orphan"]
    assert "loss: 0.5" in (job.directory.path / "before" / "logs" / "rank-0.log").read_text()
    again.stop()
    with pytest.warns(UserWarning, match="did not complete"):
        assert job.wait(timeout_seconds=60).status == "Stopped"


def supervisor_of(job: TrainingJob) -> psutil.Process | None:
    """Who holds the lock of a job, unless it could not be seen at this moment."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(job.directory.lock_file) in [file.path for file in process.open_files()]:
                return process
    return None
