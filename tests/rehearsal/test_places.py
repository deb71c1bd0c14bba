"""Buckets in other regions, found before a job is created."""

from __future__ import annotations

import traceback

import pytest

from jupyter_sdt import PyTorch, TrainingInput
from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote import lookup
from jupyter_sdt.launch.remote.places import place_lookup, places
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.store.job_directory import job_directory

ROLE = "arn:aws:iam::123456789012:role/service-role/Training"
CANARY = "canary-secret-of-the-account"


@pytest.fixture
def account(aws):
    """An account with one bucket here and one far away."""
    made = aws(directed=True)
    place = {"LocationConstraint": "eu-west-1"}
    made.client("s3").create_bucket(Bucket="far", CreateBucketConfiguration=place)
    return made


def estimator(tmp_path, **arguments) -> PyTorch:
    script = tmp_path / "train.py"
    script.write_text("print()\n")
    given = {
        "entry_point": str(script),
        "role": ROLE,
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "framework_version": "2.5.1",
        "py_version": "py311",
        "output_path": "s3://bucket/out",
    }
    return PyTorch(**{**given, **arguments})


def test_data_in_another_region_is_refused_before_a_job_is_created(
    account, send, tmp_path, monkeypatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    inputs = {"train": "s3://bucket/data", "test": TrainingInput("s3://far/data")}
    with pytest.raises(SpecError) as caught:
        send(estimator(tmp_path), inputs, job_name="torn")
    said = "inputs['test']='s3://far/data' lies in eu-west-1, the job runs in us-east-1"
    assert said in str(caught.value)
    assert "CreateTrainingJob" not in account.rehearsal.calls
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    for path in job_directory("torn").path.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path


def test_every_bucket_is_looked_at_once_and_a_missing_one_is_named(account, monkeypatch):
    monkeypatch.setattr(lookup, "LONGEST_SECONDS", 60)
    request = account.request("job", "pass", CheckpointConfig={"S3Uri": "s3://bucket/kept"})
    assert places(request) == {"output_path": "s3://bucket/out"}
    service = Service("us-east-1")
    place_lookup(request, service).check()
    request["CheckpointConfig"] = {"S3Uri": "s3://nobodys-bucket/kept"}
    with pytest.raises(SpecError, match=r"checkpoint_s3_uri='s3://nobodys-.* there is no bucket"):
        place_lookup(request, service).check()


def test_where_nothing_can_be_learnt_the_service_decides(account, monkeypatch):
    request = account.request("job", "pass", OutputDataConfig={"S3OutputPath": "s3://far/out"})
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    place_lookup(request, Service("us-east-1", patient=False)).check()


def test_a_bucket_whose_name_says_its_region_is_refused_in_the_plan(account, tmp_path):
    there = "s3://sagemaker-eu-west-1-123456789012/data"
    with pytest.raises(SpecError, match="lies in eu-west-1, the job runs in us-east-1") as refused:
        estimator(tmp_path).plan(there, job_name="plan")
    assert refused.value.argument == "inputs"
    estimator(tmp_path).plan(there.replace("eu-west-1", "us-east-1"), job_name="plan")
