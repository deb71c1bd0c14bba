from __future__ import annotations

from datetime import UTC, datetime

from jupyter_sdt.spec.job_spec import Channel, JobSpec, MetricDefinition
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.description import describe, final_metrics
from jupyter_sdt.store.series import SeriesTable


def spec(**fields) -> JobSpec:
    required = {"job_name": "digits", "entry_point": "train.py", "python": "python"}
    return JobSpec(**required, created_seconds=10.0, **fields)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_what_was_asked_for_is_told_in_sagemakers_words():
    job = spec(
        hyperparameters={"lr": 0.1, "model": "mlp"},
        channels=(Channel(name="training", uri="s3://bucket/data"),),
        metric_definitions=(MetricDefinition(name="loss", regex="loss=(.*)"),),
        environment={"MODE": "fast"},
        output_path="s3://bucket/out",
        checkpoint_uri="s3://bucket/checkpoints",
    )
    source = {"S3Uri": "s3://bucket/data", "S3DataDistributionType": "FullyReplicated"}
    expected = {
        "TrainingJobName": "digits",
        "HyperParameters": {"lr": "0.1", "model": '"mlp"'},
        "AlgorithmSpecification": {"MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}]},
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {"S3DataSource": source},
                "InputMode": "File",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"},
        "ResourceConfig": {"InstanceType": "local", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "Environment": {"MODE": "fast"},
    }
    described = describe(job, JobState(), SeriesTable())
    assert {key: described.get(key) for key in expected} == expected


def test_how_a_job_went_is_told_in_sagemakers_words():
    state = JobState(exit_code=0, launcher="nursery", world_size=2)
    state = state.enter("Starting", 11.0).enter("Training", 12.0).enter("Completed", 15.4)
    phases = [("Starting", 11.0, 12.0), ("Training", 12.0, 15.4), ("Completed", 15.4, 15.4)]
    described = describe(spec(), state, SeriesTable())
    transitions = described.pop("SecondaryStatusTransitions")
    assert [(t["Status"], t["StartTime"], t["EndTime"]) for t in transitions] == [
        (status, moment(start), moment(end)) for status, start, end in phases
    ]
    assert described == {
        "TrainingJobName": "digits",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "ResourceConfig": {"InstanceType": "local", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "CreationTime": moment(10.0),
        "TrainingStartTime": moment(12.0),
        "TrainingEndTime": moment(15.4),
        "LastModifiedTime": moment(15.4),
        "TrainingTimeInSeconds": 3,
        "Launcher": "nursery",
        "ExitCode": 0,
    }


def test_a_job_that_just_began_has_no_end():
    described = describe(spec(), JobState().enter("Starting", 11.0), SeriesTable())
    assert described["TrainingJobStatus"] == "InProgress"
    assert {"TrainingStartTime", "TrainingEndTime", "TrainingTimeInSeconds"}.isdisjoint(described)
    assert "EndTime" not in described["SecondaryStatusTransitions"][0]


def test_the_reason_of_a_failure_is_told_twice_as_sagemaker_does():
    state = JobState().enter("Failed", 12.0, failure_reason="rank 1 failed")
    described = describe(spec(), state, SeriesTable())
    assert described["FailureReason"] == "rank 1 failed"
    assert described["SecondaryStatusTransitions"][-1]["StatusMessage"] == "rank 1 failed"


def test_final_metrics_are_the_last_values_over_all_ranks():
    table = SeriesTable()
    for rank in (0, 1):
        for step in (1, 2):
            values = {"loss": rank + step, "samples_per_second": 10.0, "total_steps": 2}
            table.add([MetricRecord(time=20.0 + step, rank=rank, step=step, values=values)])
    assert final_metrics(table) == [
        {"MetricName": "loss", "Value": 2.5, "Timestamp": moment(22.0)},
        {"MetricName": "samples_per_second", "Value": 20.0, "Timestamp": moment(22.0)},
    ]
