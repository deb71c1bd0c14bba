"""A job in DescribeTrainingJob's words.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.series import SeriesTable

# What the runtime records about itself is progress, not a result.
_NOT_FINAL = {"total_steps", "epoch"}


def describe(spec: JobSpec, state: JobState, table: SeriesTable) -> dict[str, Any]:
    """Return the response that DescribeTrainingJob would give, as far as it concerns local jobs.

    Times are aware datetimes, as in boto3; keys without a value are left out. ``Notes``,
    ``Launcher`` and ``ExitCode`` are ours.
    """
    described = {
        "TrainingJobName": spec.job_name,
        "TrainingJobStatus": state.status,
        "SecondaryStatus": state.secondary_status,
        "FailureReason": state.failure_reason,
        "HyperParameters": {k: _as_sent(v) for k, v in spec.hyperparameters.items()},
        "AlgorithmSpecification": _algorithm(spec),
        "InputDataConfig": [_channel(channel) for channel in spec.channels],
        "OutputDataConfig": {"S3OutputPath": spec.output_path} if spec.output_path else None,
        "CheckpointConfig": {"S3Uri": spec.checkpoint_uri} if spec.checkpoint_uri else None,
        "ResourceConfig": {
            "InstanceType": spec.instance_type,
            "InstanceCount": spec.instance_count,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": spec.max_run_seconds},
        "Environment": dict(spec.environment),
        **_times(spec, state),
        **_bill(state),
        "FinalMetricDataList": final_metrics(table),
        "Launcher": state.launcher,
        "ExitCode": state.exit_code,
        "Notes": list(state.notes),
    }
    return {key: value for key, value in described.items() if value not in (None, "", [], {})}


def final_metrics(table: SeriesTable) -> list[dict[str, Any]]:
    """Return the last value of each metric over all ranks, as ``FinalMetricDataList``."""
    found = []
    for name in table.names():
        series = table.over_ranks(name)
        value = series.last()
        if value is not None and name not in _NOT_FINAL:
            found.append(
                {"MetricName": name, "Value": value, "Timestamp": _moment(series.times[-1])}
            )
    return found


def _times(spec: JobSpec, state: JobState) -> dict[str, Any]:
    started, ended = state.started_seconds, state.ended_seconds
    last = state.transitions[-1].start_seconds if state.transitions else spec.created_seconds
    seconds = round(ended - started) if started is not None and ended is not None else None
    return {
        "CreationTime": _moment(spec.created_seconds),
        "TrainingStartTime": _moment(started),
        "TrainingEndTime": _moment(ended),
        "LastModifiedTime": _moment(last),
        "TrainingTimeInSeconds": seconds,
        "SecondaryStatusTransitions": _transitions(state),
    }


def _bill(state: JobState) -> dict[str, Any]:
    """What SageMaker counted of a job on its own instances."""
    bill = state.billing
    if bill is None:
        return {}
    counted = {
        "TrainingTimeInSeconds": bill.training_seconds,
        "BillableTimeInSeconds": bill.billable_seconds,
    }
    told = {name: round(seconds) for name, seconds in counted.items() if seconds is not None}
    return {**told, "EnableManagedSpotTraining": bill.spot}


def _transitions(state: JobState) -> list[dict[str, Any]]:
    steps = state.transitions
    ends = [step.start_seconds for step in steps[1:]] + [state.ended_seconds]
    transitions = [
        {
            "Status": step.secondary_status,
            "StartTime": _moment(step.start_seconds),
            "EndTime": _moment(end),
            "StatusMessage": "",
        }
        for step, end in zip(steps, ends, strict=False)
    ]
    if transitions:
        transitions[-1]["StatusMessage"] = state.failure_reason
    return [{k: v for k, v in step.items() if v is not None} for step in transitions]


def _algorithm(spec: JobSpec) -> dict[str, Any]:
    metrics = [{"Name": m.name, "Regex": m.regex} for m in spec.metric_definitions]
    return {"MetricDefinitions": metrics} if metrics else {}


def _channel(channel: Channel) -> dict[str, Any]:
    source = {"S3Uri": channel.uri, "S3DataDistributionType": channel.distribution}
    described = {
        "ChannelName": channel.name,
        "DataSource": {"S3DataSource": source},
        "ContentType": channel.content_type,
        "CompressionType": channel.compression,
        "RecordWrapperType": channel.record_wrapping,
        "InputMode": channel.input_mode,
    }
    return {key: value for key, value in described.items() if value}


def _as_sent(value: Any) -> str:
    """A hyperparameter as the SDK sends it: JSON text, also for strings."""
    return json.dumps(value)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
