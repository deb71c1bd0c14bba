"""Instances kept after a job, over HTTP."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import job_directory

KEPT = {
    "InstanceType": "ml.m5.large",
    "InstanceCount": 1,
    "VolumeSizeInGB": 1,
    "KeepAlivePeriodInSeconds": 3000,
}


def pool(account, name: str) -> dict:
    return account.describe(name).get("WarmPoolStatus", {})


def test_a_job_that_asks_for_the_same_takes_the_instances_over(aws):
    account = aws(starting_seconds=3.0)
    account.create("first", ResourceConfig=KEPT)
    assert pool(account, "first") == {"Status": "InUse"}
    account.wait("first")
    assert pool(account, "first")["Status"] == "Available"
    account.create("larger", ResourceConfig={**KEPT, "VolumeSizeInGB": 2})
    assert pool(account, "first")["Status"] == "Available"
    account.create("second", ResourceConfig=KEPT)
    taken = pool(account, "first")
    assert (taken["Status"], taken["ReusedByJob"]) == ("Reused", "second")
    steps = account.wait("second")["SecondaryStatusTransitions"]
    assert (steps[0]["EndTime"] - steps[0]["StartTime"]).total_seconds() < 3.0
    available = account.client("sagemaker").list_training_jobs(WarmPoolStatusEquals="Available")
    account.wait("larger")
    assert "second" in [job["TrainingJobName"] for job in available["TrainingJobSummaries"]]


def test_a_pool_is_watched_changed_and_given_back(aws):
    account = aws()
    account.create("kept", ResourceConfig=KEPT)
    job = TrainingJob.attach("kept")
    state = job.wait(timeout_seconds=120)
    assert any(note.startswith("warm pool: ") for note in state.notes)
    assert job.warm_pool().status == "Available"
    job.update_warm_pool(4000)
    assert str(job.warm_pool()).startswith("warm pool: available to a job like this one")
    job.update_warm_pool(0)
    assert job.warm_pool().status == "Terminated"
    with pytest.raises(LaunchError, match=r"the warm pool of kept was refused.*Terminated"):
        job.update_warm_pool(60)
    for wrong in (-1, 21_601, 1.5, True):
        with pytest.raises(SpecError, match="from 0 to 21600"):
            job.update_warm_pool(wrong)


def test_without_keep_alive_there_is_no_pool(aws):
    account = aws()
    account.create("plain")
    account.wait("plain")
    assert pool(account, "plain") == {}
    with pytest.raises(ClientError, match="is not there"):
        account.client("sagemaker").update_training_job(
            TrainingJobName="plain", ResourceConfig={"KeepAlivePeriodInSeconds": 60}
        )


def test_a_local_job_has_no_pool(jobs_folder):
    directory = job_directory("here")
    directory.create()
    spec = JobSpec(job_name="here", entry_point="a.py", python="python", created_seconds=0.0)
    directory.write_spec(spec)
    with pytest.raises(SpecError, match="runs on this machine"):
        TrainingJob(directory).warm_pool()
