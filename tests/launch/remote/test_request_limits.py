"""Limits that the service has and botocore does not check, each named by its argument."""

from __future__ import annotations

import builtins

import pytest
from aws_support import remote

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.estimator.inputs import FileSystemInput, TrainingInput
from jupyter_sdt.launch.remote import request_limits
from jupyter_sdt.launch.remote import service as sagemaker

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.mark.parametrize(
    ("arguments", "argument", "words"),
    [
        ({"instance_type": "ml.g5.13xlarge"}, "instance_type", "did you mean 'ml.g5.1"),
        ({"role": "arn:aws:iam::12:role/r"}, "role", "must match"),
        ({"volume_kms_key": "k" * 2049}, "volume_kms_key", "at most 2048"),
        ({"container_entry_point": ["a"] * 101}, "container_entry_point", "101 entries"),
        ({"image_uri": "i" * 256}, "image_uri", "at most 255"),
        ({"max_run": 0.5}, "max_run", "must be an integer"),
        ({"debugger_hook_config": {"S3Output": "s3://b/k"}}, "debugger_hook_config", "missing"),
        ({"subnets": ["a b"], "security_group_ids": ["sg-1"]}, "subnets", "must match"),
        ({"profiler_config": {"Interval": 1}}, "profiler_config", "no 'Interval'"),
        ({"container_arguments": "text"}, "container_arguments", "'text' must be a list"),
        ({"tags": {"k" * 129: "v"}}, "tags", "at most 128"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_argument(script, arguments, argument, words):
    with pytest.raises(SpecError, match=words) as caught:
        remote(script, **arguments).plan(job_name="job")
    assert caught.value.argument == argument
    assert argument in str(caught.value)


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (FileSystemInput("fs-0123456789abcdef0", "EFS", "/d"), "give subnets"),
        (TrainingInput("s3://data/m", s3_data_type="AugmentedManifestFile"), "it needs 'Pipe'"),
        (
            TrainingInput("s3://data/m", s3_data_type="ManifestFile", input_mode="FastFile"),
            "FastFile reads S3Prefix only",
        ),
        (TrainingInput("s3://data/m", instance_groups=["gpu"]), "there are none"),
    ],
)
def test_channels_that_cannot_be_are_refused(script, channel, words):
    with pytest.raises(SpecError, match=words):
        remote(script).plan({"train": channel})


def test_hyperparameters_of_the_launch_count_too(script):
    many = {f"p{number}": number for number in range(98)}
    with pytest.raises(SpecError, match="98 of yours and 5 that start the job"):
        remote(script, hyperparameters=many).plan()


def test_objects_that_cannot_be_sent_are_not_left_out_silently(script):
    with pytest.raises(SpecError, match="rules: a list cannot be sent"):
        remote(script, rules=[object()]).plan()


def test_an_old_python_cannot_take_variables(script):
    estimator = remote(script, framework_version="1.12.0", py_version="py38")
    plan = estimator.plan(job_name="job")
    assert any("older than 3.11" in note for note in plan.notes)
    with pytest.raises(SpecError, match=r"need Python 3\.11") as caught:
        estimator.start(job_name="job", variables={"rows": b""})
    assert caught.value.argument == "py_version"


def test_without_botocore_nothing_is_checked_and_nothing_started(script, monkeypatch):
    original = builtins.__import__

    def without(name, *arguments, **keywords):
        if name.startswith("boto"):
            raise ImportError(name)
        return original(name, *arguments, **keywords)

    request_limits._request_shape.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(sagemaker, "find_spec", lambda name: None)
    remote(script, volume_kms_key="k" * 2049).plan()
    with pytest.raises(LaunchError, match=r"pip install 'jupyter-sdt\[sagemaker\]'"):
        remote(script).start(job_name="job")
    request_limits._request_shape.cache_clear()


def test_a_region_is_needed(script, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LaunchError, match="no AWS region is set; set AWS_REGION="):
        remote(script).plan()


@pytest.mark.parametrize(
    ("path", "argument"),
    [
        ("ResourceConfig.InstanceGroups[0].InstanceType", "instance_groups"),
        ("OutputDataConfig.KmsKeyId", "output_kms_key"),
        ("OutputDataConfig.S3OutputPath", "output_path"),
        ("Somewhere.Else", "Somewhere.Else"),
    ],
)
def test_parts_of_the_request_have_their_arguments(path, argument):
    assert request_limits.argument_of(path) == argument
