"""Jobs on SageMaker in the notebook: their cost and phases, and those of the account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from aws_support import ROLE, Account, credentials_of_nobody, serving

from jupyter_sdt.errors import SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.remote import jobs as remote_jobs
from jupyter_sdt.notebook import actions
from jupyter_sdt.notebook.jobs_table import newest_jobs
from jupyter_sdt.notebook.snapshot import look
from jupyter_sdt.notebook.view import status_html
from jupyter_sdt.spec.billing import Billing
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_directory import job_directory


@pytest.fixture
def remote(jobs_folder) -> TrainingJob:
    """A job that somebody else started and that has ended."""
    directory = job_directory("digits-remote")
    directory.create()
    directory.write_spec(
        JobSpec(
            job_name="digits-remote",
            entry_point="train.py",
            python="python",
            created_seconds=0.0,
            instance_type="ml.g5.xlarge",
            sagemaker={"adopted": True, "region": "us-east-1"},
        )
    )
    bill = Billing(hourly_price=1.408, billable_seconds=3600, training_seconds=7200, spot=True)
    state = JobState(launcher="sagemaker", billing=bill)
    for word, began in (("Starting", 0), ("Training", 40), ("Completed", 7240)):
        state = state.enter(word, began)
    directory.write_state(state)
    return TrainingJob(directory)


def test_cost_and_phases_are_told_with_the_job(remote):
    snapshot = look(remote)
    assert snapshot.phases_line() == "Starting 40 s, Training 7200 s"
    assert "3600 s billed, 1.408 USD, 50% saved by spot" in snapshot.text()
    html = status_html(snapshot)
    assert "<div>Starting 40 s, Training 7200 s</div>" in html
    assert "<div>3600 s billed, 1.408 USD" in html


def test_the_table_has_a_column_for_cost_where_any_job_costs(remote):
    local = job_directory("here")
    local.create()
    local.write_spec(replace(remote.spec, job_name="here", instance_type="local"))
    local.write_state(JobState().enter("Completed", 10.0))
    table = newest_jobs(20)
    assert table.head[-1] == "cost"
    costs = {row[0]: row[-1] for row in table.rows}
    assert costs == {"digits-remote": "1.408 USD", local.job_name: ""}


def test_a_job_of_somebody_else_is_stopped_by_its_name_only(remote):
    with pytest.raises(SpecError, match="say %sdt_stop digits-remote if it is to be stopped"):
        actions.stop("")
    actions.stop("digits-remote")  # it has ended: nothing is asked


@pytest.fixture
def account(tmp_path, monkeypatch):
    """A rehearsed account: one job trains, another has ended and keeps its instances."""
    credentials_of_nobody(monkeypatch, tmp_path)
    with serving(monkeypatch, directed=True) as made:
        create(made, "digits-remote")
        made.service.enter("digits-remote", "Training")
        create(made, "digits-theirs", KeepAlivePeriodInSeconds=3600)
        theirs = made.service.job("digits-theirs")
        for phase in ("Training", "Completed"):
            theirs.enter(phase)
        theirs.creation_time = theirs.training_end_time - timedelta(minutes=10)
        yield made


def create(account: Account, name: str, **resources) -> None:
    machines = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    account.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://out/models"},
        ResourceConfig={**machines, **resources},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def test_jobs_of_the_account_are_a_table(remote, account):
    table = actions.jobs("--remote --name dig --since 1h --last 5")
    assert table.head == ("name", "status", "created", "elapsed", "warm pool", "here")
    told = {row[0]: row[1:] for row in table.rows}
    assert (told["digits-remote"][0], told["digits-remote"][-1]) == ("Training", "yes")
    assert told["digits-theirs"][0] == "Completed"
    assert told["digits-theirs"][2:] == ("10 min", "Available", "")
    assert "<td>digits-theirs</td>" in table._repr_html_()
    (running,) = actions.jobs("--remote --status InProgress").rows
    assert running[0] == "digits-remote"
    assert len(actions.jobs("--remote --last 1").rows) == 1


def test_nothing_found_is_said_and_filters_belong_to_the_account(account):
    assert repr(actions.jobs("--remote --name nobody")) == "no training jobs like that on SageMaker"
    with pytest.raises(SpecError, match="--status needs --remote"):
        actions.jobs("--status Failed")


def test_without_a_region_the_list_says_what_to_set(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Exception, match="set AWS_REGION"):
        remote_jobs.list_remote_jobs()
