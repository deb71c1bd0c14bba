"""What other arguments add to a request: spot, network, channels, groups, debugger."""

from __future__ import annotations

import pytest
from aws_support import remote
from request_support import channel, expected, request

from jupyter_sdt import TrainingInput
from jupyter_sdt.estimator.inputs import FileSystemInput
from jupyter_sdt.spec.distribution import Distribution

pytestmark = pytest.mark.usefixtures("aws_environment")


def test_spot_with_checkpoints_and_retries(script):
    made = request(
        script,
        use_spot_instances=True,
        max_run=3600,
        max_wait=7200,
        checkpoint_s3_uri="s3://out/checkpoints",
        max_retry_attempts=3,
    )
    assert made == expected(
        "pytorch-training:2.5.1-gpu-py311",
        "ml.g5.xlarge",
        2,
        {},
        StoppingCondition={"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        EnableManagedSpotTraining=True,
        CheckpointConfig={"S3Uri": "s3://out/checkpoints"},
        RetryStrategy={"MaximumRetryAttempts": 3},
    )


def test_vpc_keys_tags_environment_and_metrics(script):
    made = request(
        script,
        subnets=["subnet-1"],
        security_group_ids=["sg-1"],
        output_kms_key="alias/out",
        volume_kms_key="alias/volume",
        volume_size=100,
        keep_alive_period_in_seconds=600,
        encrypt_inter_container_traffic=True,
        enable_network_isolation=True,
        disable_output_compression=True,
        tags={"team": "a"},
        environment={"LEVEL": "3", "API_TOKEN": "hidden"},
        metric_definitions=[{"Name": "loss", "Regex": "loss=(.*)"}],
        code_location="s3://code/prefix/",
    )
    usual = expected("pytorch-training:2.5.1-gpu-py311", "ml.g5.xlarge", 2, {})
    usual["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(.*)"}]
    # No network, so the code comes as a channel.
    usual["HyperParameters"]["sagemaker_submit_directory"] = (
        '"/opt/ml/input/data/code/sourcedir.tar.gz"'
    )
    usual["InputDataConfig"].append(channel("code", "s3://code/prefix/job/source/sourcedir.tar.gz"))
    assert made == usual | {
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "OutputDataConfig": {
            "S3OutputPath": "s3://out/models",
            "KmsKeyId": "alias/out",
            "CompressionType": "NONE",
        },
        "ResourceConfig": {
            "InstanceCount": 2,
            "InstanceType": "ml.g5.xlarge",
            "VolumeSizeInGB": 100,
            "VolumeKmsKeyId": "alias/volume",
            "KeepAlivePeriodInSeconds": 600,
        },
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": True,
        "Tags": [{"Key": "team", "Value": "a"}],
        "Environment": {"LEVEL": "3", "API_TOKEN": "********"},
    }


def test_hyperparameters_are_json_whatever_they_hold(script):
    given = {"text": "a 'b' \"c\"; $X", "on": True, "none": None, "list": [1, {"a": 2}], "é": 1e-5}
    sent = request(script, hyperparameters=given)["HyperParameters"]
    assert {name: sent[name] for name in given} == {
        "text": '"a \'b\' \\"c\\"; $X"',
        "on": "true",
        "none": "null",
        "list": '[1, {"a": 2}]',
        "é": "1e-05",
    }
    assert given["text"] == "a 'b' \"c\"; $X"


def test_channels_of_every_kind(script):
    vpc = {"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]}
    lustre = FileSystemInput("fs-0123456789abcdef0", "FSxLustre", "/fsx/data")
    manifest = TrainingInput(
        "s3://data/m.json",
        s3_data_type="AugmentedManifestFile",
        attribute_names=["source", "label"],
        input_mode="Pipe",
        record_wrapping="RecordIO",
        shuffle_config=7,
    )
    inputs = {
        "fast": TrainingInput("s3://data/a", input_mode="FastFile", content_type="text/csv"),
        "lustre": lustre,
        "pipe": manifest,
    }
    assert request(script, inputs, **vpc)["InputDataConfig"] == [
        channel("fast", "s3://data/a", ContentType="text/csv", InputMode="FastFile"),
        {
            "ChannelName": "lustre",
            "DataSource": {
                "FileSystemDataSource": {
                    "FileSystemId": "fs-0123456789abcdef0",
                    "FileSystemType": "FSxLustre",
                    "DirectoryPath": "/fsx/data",
                    "FileSystemAccessMode": "ro",
                }
            },
        },
        {
            "ChannelName": "pipe",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "AugmentedManifestFile",
                    "S3Uri": "s3://data/m.json",
                    "S3DataDistributionType": "FullyReplicated",
                    "AttributeNames": ["source", "label"],
                }
            },
            "InputMode": "Pipe",
            "RecordWrapperType": "RecordIO",
            "ShuffleConfig": {"Seed": 7},
        },
    ]


def test_instance_groups_name_the_group_that_trains(script):
    made = request(
        script,
        instance_type=None,
        instance_count=None,
        instance_groups=[
            {"instance_group_name": "gpu", "instance_type": "ml.g5.xlarge", "instance_count": 2},
            {"instance_group_name": "cpu", "instance_type": "ml.c5.xlarge", "instance_count": 1},
        ],
        distribution={"torch_distributed": {"enabled": True}, "instance_groups": ["gpu"]},
    )
    assert made["ResourceConfig"] == {
        "InstanceGroups": [
            {"InstanceGroupName": "gpu", "InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
            {"InstanceGroupName": "cpu", "InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
        ],
        "VolumeSizeInGB": 30,
    }
    assert made["HyperParameters"]["sagemaker_distribution_instance_groups"] == '["gpu"]'


def test_the_plan_makes_no_call_and_names_what_is_still_open(script, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # nobody listens
    plan = remote(script, role="Training").plan(job_name="job")
    assert plan.request["RoleArn"] == "arn:aws:iam::{account}:role/Training"
    assert plan.request["OutputDataConfig"] == {
        "S3OutputPath": "s3://sagemaker-eu-west-1-{account}/"
    }
    assert "{account} is filled in when the job starts" in plan.notes
    assert '"TrainingJobName": "job"' in str(plan)


def test_the_debugger_is_on_only_when_asked_for(script):
    hook = {"S3OutputPath": "s3://out/debug"}
    profiler = {"S3OutputPath": "s3://out/profile"}
    made = request(script, debugger_hook_config=hook, profiler_config=profiler)
    assert (made["DebugHookConfig"], made["ProfilerConfig"]) == (hook, profiler)


def test_the_region_of_a_session_counts(script):
    class Session:
        boto_region_name = "us-west-2"

    made = request(script, sagemaker_session=Session())
    assert "ecr.us-west-2" in made["AlgorithmSpecification"]["TrainingImage"]


def test_every_launcher_of_ours_leaves_the_request_alone(script):
    chosen = Distribution(strategy="torch_distributed", launcher="torchrun")
    made = request(script, distribution=chosen)["HyperParameters"]
    assert made["sagemaker_torch_distributed_enabled"] == "true"


def test_configurations_of_the_sdk_are_sent_as_what_they_hold(script):
    """Classes with what of the SDK's own counts: the method, or the name and the attributes."""

    class DebuggerHookConfig:
        def _to_request_dict(self):
            return {"S3OutputPath": "s3://out/hook"}

    class TrainingCompilerConfig:
        def __init__(self):
            self.enabled, self.debug = True, False

    made = request(
        script,
        debugger_hook_config=DebuggerHookConfig(),
        compiler_config=TrainingCompilerConfig(),
        framework_version="1.13.1",
        py_version="py39",
        instance_type="ml.g5.xlarge",
    )
    assert made["DebugHookConfig"] == {"S3OutputPath": "s3://out/hook"}
    assert made["HyperParameters"]["sagemaker_training_compiler_enabled"] == "true"
