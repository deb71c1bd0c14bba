"""What is looked at before a job is sent, against a rehearsed account."""

from __future__ import annotations

import json

import pytest

from jupyter_sdt.launch.remote.preflight import Finding, preflight
from jupyter_sdt.launch.remote.service import Service

TRUST = json.dumps({"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]})
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine"


@pytest.fixture
def account(aws):
    made = aws(quotas={"ml.m5.large": 1})
    made.client("iam").create_role(RoleName="Training", AssumeRolePolicyDocument=TRUST)
    return made


def look(account, **changes) -> dict[str, Finding]:
    request = account.request("job", "pass", RoleArn="arn:aws:iam::{account}:role/Training")
    found = preflight(request | changes, Service("us-east-1"))
    return {finding.what: finding for finding in found}


def test_an_account_that_has_everything_is_found_to_be_right(account):
    account.client("ecr").create_repository(repositoryName="mine")
    manifest = json.dumps({"schemaVersion": 2, "config": {}, "layers": []})
    account.client("ecr").put_image(
        repositoryName="mine",
        imageManifest=manifest,
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        imageTag="1",
    )
    subnets = account.client("ec2").describe_subnets()["Subnets"]
    group = security_group(account, subnets[0]["VpcId"])
    image = {"TrainingImage": f"{REPOSITORY}:1", "TrainingInputMode": "File"}
    found = look(
        account,
        AlgorithmSpecification=image,
        VpcConfig={"Subnets": [subnets[0]["SubnetId"]], "SecurityGroupIds": [group]},
    )
    states = {what: finding.state for what, finding in found.items()}
    right = ("credentials", "role", "bucket bucket", "quota", "image", "network")
    assert {states[what] for what in right} == {"ok"}, found
    assert "account 123456789012" in found["credentials"].said
    assert subnets[0]["AvailabilityZone"] in found["network"].said


def security_group(account, cloud: str) -> str:
    made = account.client("ec2").create_security_group(
        GroupName="training", Description="-", VpcId=cloud
    )
    return made["GroupId"]


def test_subnets_and_security_groups_of_two_networks_are_told_apart(account):
    ec2 = account.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    cloud = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    both = {"Subnets": [subnet["SubnetId"]], "SecurityGroupIds": [security_group(account, cloud)]}
    finding = look(account, VpcConfig=both)["network"]
    assert finding.state == "wrong"
    assert f"subnets are in {subnet['VpcId']}, security groups in" in finding.said
    assert cloud in finding.said


def test_a_role_that_does_not_trust_sagemaker_is_named_with_the_cure(account):
    role = account.client("iam").create_role(RoleName="Bad", AssumeRolePolicyDocument="{}")
    finding = look(account, RoleArn=role["Role"]["Arn"])["role"]
    assert finding.state == "wrong"
    assert "add the principal sagemaker.amazonaws.com" in finding.said


def test_what_does_not_exist_is_named(account):
    account.client("ecr").create_repository(repositoryName="mine")
    found = look(
        account,
        RoleArn="arn:aws:iam::123456789012:role/Nobody",
        OutputDataConfig={"S3OutputPath": "s3://nowhere/out"},
        AlgorithmSpecification={"TrainingImage": f"{REPOSITORY}:9"},
        VpcConfig={"Subnets": ["subnet-9"], "SecurityGroupIds": ["sg-1"]},
    )
    for what in ("role", "bucket nowhere", "image", "network"):
        assert found[what].state == "wrong", found[what]
    assert "Role Nobody not found; name a role that there is" in found["role"].said
    assert found["bucket nowhere"].said == "does not exist; output_path must name one that does"


def test_the_bucket_of_the_account_need_not_be_there_yet(account):
    output = {"S3OutputPath": "s3://sagemaker-us-east-1-{account}/"}
    finding = look(account, OutputDataConfig=output)["bucket sagemaker-us-east-1-123456789012"]
    assert (finding.state, finding.said[:29]) == ("ok", "is made when the job starts, ")


def test_data_in_another_region_is_found_before_the_job_fails(account):
    place = {"LocationConstraint": "eu-west-1"}
    account.client("s3").create_bucket(Bucket="far", CreateBucketConfiguration=place)
    finding = look(account, OutputDataConfig={"S3OutputPath": "s3://far/out"})["bucket far"]
    assert finding.state == "wrong"
    assert "is in eu-west-1, the job in us-east-1" in finding.said


def test_a_quota_that_is_too_small_is_told_with_both_numbers(account):
    machines = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    finding = look(account, ResourceConfig=machines)["quota"]
    assert (finding.state, finding.said[:29]) == ("wrong", "1 of ml.m5.large, 2 needed: a")
    unlisted = look(account, ResourceConfig={**machines, "InstanceType": "ml.p5.48xlarge"})
    assert unlisted["quota"].state == "unknown"
    kept = {**machines, "KeepAlivePeriodInSeconds": 60}
    both = look(account, ResourceConfig=kept, EnableManagedSpotTraining=True)
    assert (both["quota"].state, both["warm pool quota"].state) == ("wrong", "wrong")
    plenty = {**kept, "InstanceType": "ml.p5.48xlarge"}
    said = [found.said for found in look(account, ResourceConfig=plenty).values()]
    for use in ("training job", "training warm pool"):
        assert f"Service Quotas lists no ml.p5.48xlarge for {use} usage" in said


def test_an_image_outside_of_ecr_cannot_be_looked_up(account):
    finding = look(account, AlgorithmSpecification={"TrainingImage": "pytorch/pytorch"})["image"]
    assert finding.state == "unknown"


def test_what_may_not_be_looked_at_is_unknown_with_the_permission_to_add(aws):
    forbidden = ("GetRole", "HeadBucket", "ListServiceQuotas", "DescribeSubnets")
    account = aws(denied=forbidden)
    network = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    found = look(account, VpcConfig=network)
    permissions = {
        "role": "iam:GetRole",
        "bucket bucket": "s3:ListBucket",
        "quota": "servicequotas:ListServiceQuotas",
        "network": "ec2:DescribeSubnets",
    }
    for what, permission in permissions.items():
        assert (found[what].state, f"add {permission} to" in found[what].said) == ("unknown", True)
    request = account.request("job", "pass")
    account.rehearsal.expire("rehearsal")
    (finding,) = preflight(request, Service("us-east-1"))
    assert (finding.state, "ExpiredToken" in finding.said) == ("wrong", True)


def test_without_credentials_nothing_else_is_asked(aws, monkeypatch):
    account = aws()
    request = account.request("job", "pass")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    (finding,) = preflight(request, Service("us-east-1"))
    assert (finding.what, finding.state) == ("credentials", "wrong")
    assert "log in again" in finding.said
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    (finding,) = preflight(request, Service("us-east-1"))
    assert finding.state == "wrong"
    assert "The config profile (nobody) could not be found" in finding.said
