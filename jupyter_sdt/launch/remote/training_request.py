"""The CreateTrainingJob request of a job: pure, and equal to what SageMaker's SDK 2.x sends.

Two things differ on purpose. The profiler is off and there is no debugger hook unless they are
asked for, and ``{account}`` stands where only a call to AWS can tell the account: it is filled in
when the job starts.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.described_spec import decoded_hyperparameters
from jupyter_sdt.launch.remote.image_uris import dns_suffix
from jupyter_sdt.launch.remote.training_channels import (
    CODE_CHANNEL,
    input_data_config,
    isolated,
    job_input_mode,
)
from jupyter_sdt.launch.remote.training_hyperparameters import encoded_hyperparameters
from jupyter_sdt.launch.remote.training_image import training_image
from jupyter_sdt.launch.remote.training_options import (
    debugging,
    image_registry,
    switches,
    tag_list,
    vpc,
)
from jupyter_sdt.spec.framework_versions import is_older
from jupyter_sdt.spec.job_spec import JobSpec

ACCOUNT = "{account}"
MASKED = "********"
SOURCE_ARCHIVE = "sourcedir.tar.gz"
_CODE_IN_IMAGE = f"/opt/ml/input/data/{CODE_CHANNEL}/{SOURCE_ARCHIVE}"
# The first version of each framework whose images send metrics as time series.
_TIME_SERIES = {"pytorch": "1.3", "tensorflow": "1.15", "mxnet": "1.6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in S3 and in which region a job runs; ``program`` is what the image starts.

    It is empty where the image itself is what runs.
    """

    region: str
    program: str
    account: str = ACCOUNT

    @property
    def default_bucket(self) -> str:
        """The bucket that SageMaker's SDK uses as well."""
        return f"sagemaker-{self.region}-{self.account}"


def training_request(spec: JobSpec, place: Place) -> dict[str, Any]:
    """Return the request. Values of secret environment variables are masked. Raises SpecError."""
    arguments = spec.sagemaker
    spec = replace(spec, output_path=spec.output_path or f"s3://{place.default_bucket}/")
    code = code_uri(spec, place) if place.program else ""
    request = {
        "TrainingJobName": spec.job_name,
        "AlgorithmSpecification": _algorithm(spec, place),
        "RoleArn": role_arn(str(arguments.get("role", "")), place),
        "HyperParameters": encoded_hyperparameters(
            spec,
            program=place.program,
            code=_CODE_IN_IMAGE if isolated(spec) else code,
            region=place.region,
        ),
        "InputDataConfig": input_data_config(spec, code),
        "OutputDataConfig": _output(spec),
        "ResourceConfig": _resources(spec),
        "StoppingCondition": _stopping(spec),
        "VpcConfig": vpc(arguments),
        "CheckpointConfig": _checkpoints(spec),
        "Environment": {**spec.environment, **dict.fromkeys(spec.secret_names, MASKED)},
        "Tags": tag_list(arguments.get("tags")),
        "ExperimentConfig": arguments.get("experiment_config"),
        **switches(arguments),
        **debugging(arguments),
    }
    return {name: value for name, value in request.items() if value not in (None, {}, [])}


def code_uri(spec: JobSpec, place: Place) -> str:
    """Where the archive of the source lies."""
    if spec.source_dir.startswith("s3://"):
        return spec.source_dir
    location = str(spec.sagemaker.get("code_location", "")).rstrip("/")
    if not location:
        location = "s3://" + split_s3(spec.output_path or f"s3://{place.default_bucket}")[0]
    return f"{location}/{spec.job_name}/source/{SOURCE_ARCHIVE}"


def code_uri_of(request: Mapping[str, Any]) -> str:
    """Where a request says that the archive of the source lies; empty without a script."""
    code = str(decoded_hyperparameters(request).get("sagemaker_submit_directory", ""))
    if code != _CODE_IN_IMAGE:
        return code
    channels = {c["ChannelName"]: c["DataSource"] for c in request.get("InputDataConfig", ())}
    return str(channels[CODE_CHANNEL]["S3DataSource"]["S3Uri"])


def split_s3(uri: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://`` URI. Raises SpecError for another."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise SpecError(f"{uri!r} must be s3://BUCKET/KEY", argument="output_path")
    return bucket, key


def role_arn(role: str, place: Place) -> str:
    """The role's ARN; of a bare name, the one it has when no path was given to it."""
    if role.startswith("arn:"):
        return role
    partition = {"amazonaws.com.cn": "aws-cn"}.get(dns_suffix(place.region), "aws")
    partition = "aws-us-gov" if place.region.startswith("us-gov-") else partition
    return f"arn:{partition}:iam::{place.account}:role/{role}"


def _algorithm(spec: JobSpec, place: Place) -> dict[str, Any]:
    arguments = spec.sagemaker
    algorithm = {
        "TrainingInputMode": job_input_mode(spec),
        "TrainingImage": training_image(spec, place.region).uri,
        "TrainingImageConfig": image_registry(arguments),
        "MetricDefinitions": [
            {"Name": metric.name, "Regex": metric.regex} for metric in spec.metric_definitions
        ],
        "EnableSageMakerMetricsTimeSeries": arguments.get(
            "enable_sagemaker_metrics", _has_time_series(arguments)
        ),
        "ContainerEntrypoint": arguments.get("container_entry_point"),
        "ContainerArguments": arguments.get("container_arguments"),
    }
    return _given(algorithm)


def _has_time_series(arguments: Mapping[str, Any]) -> bool | None:
    framework, version = arguments.get("framework"), arguments.get("framework_version")
    if framework == "huggingface":
        return True
    if version is None or framework not in _TIME_SERIES:
        return None
    return not is_older(str(version), _TIME_SERIES[framework]) or None


def _output(spec: JobSpec) -> dict[str, Any]:
    loose = spec.sagemaker.get("disable_output_compression")
    return _given(
        {
            "S3OutputPath": spec.output_path,
            "KmsKeyId": spec.sagemaker.get("output_kms_key"),
            "CompressionType": "NONE" if loose else None,
        }
    )


def _resources(spec: JobSpec) -> dict[str, Any]:
    arguments = spec.sagemaker
    groups = [
        {
            "InstanceGroupName": group["instance_group_name"],
            "InstanceType": group["instance_type"],
            "InstanceCount": group["instance_count"],
        }
        for group in arguments.get("instance_groups", ())
    ]
    return _given(
        {
            "InstanceGroups": groups,
            "InstanceCount": None if groups else spec.instance_count,
            "InstanceType": None if groups else spec.instance_type,
            "VolumeSizeInGB": arguments.get("volume_size", 30),
            "VolumeKmsKeyId": arguments.get("volume_kms_key"),
            "KeepAlivePeriodInSeconds": arguments.get("keep_alive_period_in_seconds"),
            "TrainingPlanArn": arguments.get("training_plan"),
            "InstancePlacementConfig": arguments.get("instance_placement_config"),
        }
    )


def _stopping(spec: JobSpec) -> dict[str, Any]:
    return _given(
        {
            "MaxRuntimeInSeconds": int(spec.max_run_seconds),
            "MaxWaitTimeInSeconds": spec.sagemaker.get("max_wait"),
        }
    )


def _checkpoints(spec: JobSpec) -> dict[str, Any]:
    if not spec.checkpoint_uri:
        return {}
    path = spec.sagemaker.get("checkpoint_local_path")
    return _given({"S3Uri": spec.checkpoint_uri, "LocalPath": path})


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [])}
