"""What CreateTrainingJob refuses, with the code and the reason the service would give."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

SPOT = {"EnableManagedSpotTraining": True}
S3 = {
    "S3DataType": "S3Prefix",
    "S3Uri": "s3://bucket/x",
    "S3DataDistributionType": "FullyReplicated",
}


def source(**changes) -> dict:
    """A channel on S3 that differs in some fields."""
    return {"ChannelName": "train", "DataSource": {"S3DataSource": {**S3, **changes}}}


LUSTRE = {
    "ChannelName": "lustre",
    "DataSource": {
        "FileSystemDataSource": {
            "FileSystemId": "fs-01234567890",
            "FileSystemAccessMode": "ro",
            "FileSystemType": "FSxLustre",
            "DirectoryPath": "/data",
        }
    },
}
MACHINES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
CASES = {
    "spot without a longest wait": (SPOT, "MaxWaitTimeInSeconds is required"),
    "a wait shorter than the run": (
        {**SPOT, "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 30}},
        "30 is below 60",
    ),
    "a wait without spot": (
        {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}},
        "not supported when EnableManagedSpotTraining is false",
    ),
    "a warm pool of spot instances": (
        {
            **SPOT,
            "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90},
            "ResourceConfig": {**MACHINES, "KeepAlivePeriodInSeconds": 60},
        },
        "KeepAlivePeriodInSeconds is not supported",
    ),
    "groups and a type": (
        {
            "ResourceConfig": {
                **MACHINES,
                "InstanceGroups": [
                    {
                        "InstanceGroupName": "a",
                        "InstanceType": "ml.m5.large",
                        "InstanceCount": 1,
                    }
                ],
            }
        },
        "cannot both be given",
    ),
    "an unknown instance type": (
        {"ResourceConfig": {**MACHINES, "InstanceType": "ml.m5.tiny"}},
        "ml.m5.tiny",
    ),
    "one channel twice": (
        {"InputDataConfig": [source(), source()]},
        "Channel names must be unique: train",
    ),
    "an output in a bucket of nobody": (
        {"OutputDataConfig": {"S3OutputPath": "s3://nowhere/out"}},
        "OutputDataConfig.S3OutputPath: the bucket nowhere does not exist",
    ),
    "an output in another region": (
        {"OutputDataConfig": {"S3OutputPath": "s3://abroad/out"}},
        "the bucket abroad is in region eu-west-1, the job in us-east-1",
    ),
    "checkpoints in a bucket of nobody": (
        {"CheckpointConfig": {"S3Uri": "s3://nowhere/checkpoints"}},
        "CheckpointConfig.S3Uri: the bucket nowhere does not exist",
    ),
    "an augmented manifest as files": (
        {"InputDataConfig": [source(S3DataType="AugmentedManifestFile", AttributeNames=["a"])]},
        "Channel 'train': AugmentedManifestFile needs InputMode Pipe",
    ),
    "a manifest as a fast file": (
        {"InputDataConfig": [source(S3DataType="ManifestFile") | {"InputMode": "FastFile"}]},
        "FastFile supports the S3DataType S3Prefix only",
    ),
    "more hyperparameters than there may be": (
        {"HyperParameters": {f"n{number}": "1" for number in range(101)}},
        "101 entries, at most 100 are allowed",
    ),
    "a hyperparameter that is too long": (
        {"HyperParameters": {"text": "x" * 2501}},
        "at most 2500 are allowed",
    ),
    "a name that is too long": ({"TrainingJobName": "n" * 64}, "at most 63 are allowed"),
    "a name with a blank": ({"TrainingJobName": "my job"}, "must match"),
    "an ARN of no role": ({"RoleArn": "arn:aws:iam::1:role/x"}, "role:"),
    "a file system outside of a VPC": (
        {"InputDataConfig": [LUSTRE]},
        "A VpcConfig is required for the file system of channel 'lustre'",
    ),
}


def refusal(account, name: str, **changes) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        account.create(name, **changes)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_what_contradicts_the_service_is_refused(aws):
    account = aws()
    place = {"LocationConstraint": "eu-west-1"}
    account.client("s3").create_bucket(Bucket="abroad", CreateBucketConfiguration=place)
    for case, (changes, reason) in CASES.items():
        code, message = refusal(account, "refused", **changes)
        assert code == "ValidationException", case
        assert reason in message, case
    listed = account.client("sagemaker").list_training_jobs()
    assert listed["TrainingJobSummaries"] == []


def test_a_name_is_taken_for_ever(aws):
    account = aws()
    account.create("mine")
    account.wait("mine")
    code, message = refusal(account, "mine")
    assert code == "ResourceInUse"
    assert "must be unique" in message


def test_only_what_has_ended_is_deleted_and_its_name_is_free_again(aws):
    account = aws()
    account.create("mine", "import time; time.sleep(600)")
    account.wait("mine", "Training")
    sagemaker = account.client("sagemaker")
    with pytest.raises(ClientError, match="ResourceInUse"):
        sagemaker.delete_training_job(TrainingJobName="mine")
    sagemaker.stop_training_job(TrainingJobName="mine")
    account.wait("mine")
    sagemaker.delete_training_job(TrainingJobName="mine")
    with pytest.raises(ClientError, match="Requested resource not found"):
        account.describe("mine")


def test_a_quota_counts_what_runs_at_this_moment(aws):
    account = aws(quotas={"ml.m5.large": 1})
    two = {"ResourceConfig": {**MACHINES, "InstanceCount": 2}}
    code, message = refusal(account, "too-many", **two)
    assert code == "ResourceLimitExceeded"
    assert "is 1 Instances" in message
    assert "a request delta of 2 Instances" in message
    for name in ("first", "second"):  # the quota is free again after the first
        account.create(name)
        account.wait(name)


def test_a_role_that_does_not_trust_sagemaker_cannot_be_assumed(aws):
    account = aws()
    role = account.client("iam").create_role(RoleName="Mine", AssumeRolePolicyDocument="{}")
    code, message = refusal(account, "job", RoleArn=role["Role"]["Arn"])
    assert code == "ValidationException"
    assert "Could not assume role" in message


def test_an_unknown_role_is_refused_where_only_known_ones_count(aws):
    code, message = refusal(aws(known_roles_only=True), "job")
    assert (code, "Could not assume role" in message) == ("ValidationException", True)


def test_a_job_nobody_created_is_neither_described_nor_stopped(aws):
    sagemaker = aws().client("sagemaker")
    for call in (sagemaker.describe_training_job, sagemaker.stop_training_job):
        with pytest.raises(ClientError, match="Requested resource not found"):
            call(TrainingJobName="nobody")


# moto's description of the service does not list this error, which every service may answer.
@pytest.mark.filterwarnings("ignore:Exception")
def test_every_third_call_is_one_too_many(aws, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    sagemaker = aws(throttle_every=3).client("sagemaker")
    codes = []
    for _ in range(6):
        with pytest.raises(ClientError) as refused:
            sagemaker.describe_training_job(TrainingJobName="nobody")
        codes.append(refused.value.response["Error"]["Code"])
    assert codes == ["ValidationException", "ValidationException", "ThrottlingException"] * 2
