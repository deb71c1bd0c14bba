"""Jobs on SageMaker in the notebook: their cost and phases, and those of the account."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.remote import jobs as remote_jobs
from jupyter_sdt.launch.remote.jobs import RemoteJob
from jupyter_sdt.notebook import actions, remote_table
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


def test_jobs_of_the_account_are_a_table(remote, monkeypatch):
    asked = {}

    def listed(**given):
        asked.update(given)
        common = {"created_seconds": 1_700_000_000.0, "status": "InProgress"}
        return [
            RemoteJob(name="digits-remote", secondary_status="Training", **common),
            RemoteJob(
                name="theirs",
                **{**common, "status": "Completed"},
                secondary_status="Completed",
                ended_seconds=1_700_000_600.0,
                warm_pool="Available",
            ),
        ]

    monkeypatch.setattr(remote_table, "list_remote_jobs", listed)
    table = actions.jobs("--remote --name dig --status InProgress --since 1h --last 5")
    assert (asked["name"], asked["status"], asked["most"]) == ("dig", "InProgress", 5)
    assert table.head == ("name", "status", "created", "elapsed", "warm pool", "here")
    assert [row[1] for row in table.rows] == ["Training", "Completed"]
    assert [row[3:] for row in table.rows][1] == ("10 min", "Available", "")
    assert table.rows[0][-1] == "yes"
    assert "<td>theirs</td>" in table._repr_html_()


def test_nothing_found_is_said_and_filters_belong_to_the_account(monkeypatch):
    monkeypatch.setattr(remote_table, "list_remote_jobs", lambda **_: [])
    assert repr(actions.jobs("--remote")) == "no training jobs like that on SageMaker"
    with pytest.raises(SpecError, match="--status needs --remote"):
        actions.jobs("--status Failed")


def test_without_a_region_the_list_says_what_to_set(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Exception, match="set AWS_REGION"):
        remote_jobs.list_remote_jobs()
