"""Images in ECR, looked up while the source of a job travels."""

from __future__ import annotations

import json
import socket

import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.remote import lookup as lookups
from jupyter_sdt.launch.remote.image_lookup import image_lookup, why_missing
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.spec.job_spec import JobSpec

ROLE = "arn:aws:iam::123456789012:role/service-role/Training"
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture
def account(aws):
    """An account with the image ``mine:1``."""
    made = aws(directed=True)
    ecr = made.client("ecr")
    ecr.create_repository(repositoryName="mine")
    manifest = json.dumps({"schemaVersion": 2, "config": {}, "layers": []})
    ecr.put_image(
        repositoryName="mine", imageManifest=manifest, imageManifestMediaType=TYPE, imageTag="1"
    )
    return made


def lookup(uri: str, **arguments):
    spec = JobSpec(
        job_name="a", entry_point="a.py", python="p", created_seconds=1.0, sagemaker=arguments
    )
    return image_lookup(spec, {"AlgorithmSpecification": {"TrainingImage": uri}}, "us-east-1")


def test_a_tag_that_nobody_pushed_is_refused_before_a_job_is_created(account, send, tmp_path):
    script = tmp_path / "train.py"
    script.write_text("print()\n")
    given = {
        "entry_point": str(script),
        "role": ROLE,
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "output_path": "s3://bucket/out",
    }
    with pytest.raises(SpecError, match="mine:2' is not in ECR: ImageNotFoundException") as refused:
        send(PyTorch(image_uri=f"{HOST}/mine:2", **given), job_name="wrong")
    assert refused.value.argument == "image_uri"
    assert "CreateTrainingJob" not in account.rehearsal.calls
    send(PyTorch(image_uri=f"{HOST}/mine:1", **given), job_name="right")
    assert account.describe("right")["TrainingJobStatus"] == "InProgress"
    assert account.rehearsal.calls.count("DescribeImages") == 2


def test_whoever_may_only_pull_learns_the_same(account):
    service, ask = Service("us-east-1"), account.rehearsal.refuse
    ask("DescribeImages", "AccessDeniedException", times=3)
    assert why_missing(f"{HOST}/mine:1", service) == ""
    assert "Requested image not found" in why_missing(f"{HOST}/mine:2", service)
    ask("BatchGetImage", "AccessDeniedException")
    with pytest.raises(Exception, match="AccessDenied"):
        why_missing(f"{HOST}/mine:2", service)


def test_what_cannot_be_learnt_is_no_reason_and_takes_no_time(account, monkeypatch):
    monkeypatch.setattr(lookups, "LONGEST_SECONDS", 60)
    lookup(f"{HOST}/theirs:1", image_uri="given").check()  # a repository of others
    account.rehearsal.refuse("DescribeImages", "ExpiredTokenException")
    lookup(f"{HOST}/mine:9", image_uri="given").check()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # nobody is there
    lookup(f"{HOST}/mine:9", image_uri="given").check()
    monkeypatch.setattr(lookups, "LONGEST_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        lookup(f"{HOST}/mine:9", image_uri="given").check()


def test_images_of_our_table_are_not_asked_about_unless_the_user_names_one(account):
    deep_learning = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-cpu-py311"
    assert lookup(deep_learning) is None
    assert lookup(deep_learning, image_uri=deep_learning) is not None
    assert lookup(f"{HOST}/mine:1") is not None  # from the user's file of images
    assert lookup("pytorch/pytorch:latest", image_uri="given") is None
    with pytest.raises(LaunchError, match="is not in ECR"):
        why_missing("pytorch/pytorch:latest", Service("us-east-1"))
