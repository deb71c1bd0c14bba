"""Calls about jobs and their account that other SDKs make: Search, permissions, training plans."""

from __future__ import annotations

import pytest


@pytest.fixture
def account(aws):
    made = aws(directed=True, denied=("GetLogEvents",))
    made.create("first", hyperparameters={"lr": 0.1}, Tags=[{"Key": "team", "Value": "a"}])
    made.create("second", hyperparameters={"lr": 0.2})
    made.rehearsal.enter("second", "Completed")
    return made


def names(account, **asked) -> list[str]:
    found = account.client("sagemaker").search(Resource="TrainingJob", **asked)["Results"]
    return [one["TrainingJob"]["TrainingJobName"] for one in found]


def where(*filters: tuple[str, str, str], operator: str = "And") -> dict:
    listed = [{"Name": name, "Operator": how, "Value": value} for name, how, value in filters]
    return {"SearchExpression": {"Filters": listed, "Operator": operator}}


def test_jobs_are_searched_by_what_their_description_tells(account):
    assert names(account) == ["second", "first"]  # changed last
    assert names(account, SortBy="CreationTime", SortOrder="Ascending") == ["first", "second"]
    assert names(account, **where(("TrainingJobStatus", "Equals", "Completed"))) == ["second"]
    assert names(account, **where(("Tags.team", "Equals", "a"))) == ["first"]
    assert names(account, **where(("HyperParameters.lr", "LessThan", "0.15"))) == ["first"]
    assert names(account, **where(("TrainingJobName", "Contains", "sec"))) == ["second"]
    either = where(("Tags.team", "Exists", "-"), ("TrainingJobName", "In", "second"), operator="Or")
    assert sorted(names(account, **either)) == ["first", "second"]
    assert (
        names(account, **where(("ResourceConfig.InstanceType", "NotEquals", "ml.m5.large"))) == []
    )
    page = account.client("sagemaker").search(Resource="TrainingJob", MaxResults=1)
    assert names(account, NextToken=page["NextToken"]) == ["first"]


def test_permissions_are_simulated_and_no_plans_are_there(account):
    asked = {"ActionNames": ["logs:GetLogEvents", "s3:GetObject"]}
    role = "arn:aws:iam::123456789012:role/Training"
    told = account.client("iam").simulate_principal_policy(PolicySourceArn=role, **asked)
    decisions = {r["EvalActionName"]: r["EvalDecision"] for r in told["EvaluationResults"]}
    assert decisions == {"logs:GetLogEvents": "implicitDeny", "s3:GetObject": "allowed"}
    assert account.client("sagemaker").list_training_plans()["TrainingPlanSummaries"] == []


def test_a_job_is_deleted_only_after_its_end(account):
    client = account.client("sagemaker")
    with pytest.raises(client.exceptions.ClientError, match="ResourceInUse"):
        client.delete_training_job(TrainingJobName="first")
    client.delete_training_job(TrainingJobName="second")
    assert names(account) == ["first"]
