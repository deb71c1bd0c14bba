"""``s3://`` channels of local jobs, from a rehearsed bucket."""

from __future__ import annotations

import json

import pytest

from jupyter_sdt import PyTorch, TrainingInput
from jupyter_sdt.errors import JobError, LaunchError

LISTING = """
import os, pathlib
root = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
print(sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()))
"""
READING = """
import os
folder = os.environ["SM_INPUT_DIR"] + "/data"
for epoch in range(2):
    with open(f"{folder}/train_{epoch}") as pipe:
        print("".join(sorted(pipe.read())))
"""


@pytest.fixture
def account(aws):
    made = aws()
    for name in ("a", "b", "deep/c"):
        made.put(f"s3://bucket/data/{name}", name[-1].encode())
    return made


def run(tmp_path, script: str, channel, **arguments):
    entry_point = tmp_path / "train.py"
    entry_point.write_text(script)
    job = PyTorch(entry_point=str(entry_point), **arguments).start({"train": channel})
    job.wait(timeout_seconds=90)
    return job


def test_everything_below_a_prefix_is_brought_to_the_script(account, tmp_path):
    job = run(tmp_path, LISTING, "s3://bucket/data/")
    assert list(job.logs()) == ["['a', 'b', 'deep/c']"]
    phases = [step.secondary_status for step in job.state().transitions]
    assert phases == ["Starting", "Downloading", "Training", "Completed"]


def test_objects_are_dealt_out_to_the_nodes(account, tmp_path):
    channel = TrainingInput("s3://bucket/data", distribution="ShardedByS3Key")
    job = run(tmp_path, LISTING, channel, instance_type="local", instance_count=2)
    assert sorted(job.logs()) == ["[rank 0] ['a', 'deep/c']", "[rank 1] ['b']"]


def test_a_manifest_names_the_objects(account, tmp_path):
    account.put("s3://bucket/list", json.dumps([{"prefix": "s3://bucket/data/"}, "b"]).encode())
    job = run(tmp_path, LISTING, TrainingInput("s3://bucket/list", s3_data_type="ManifestFile"))
    assert list(job.logs()) == ["['b']"]


def test_a_pipe_gives_every_object_in_every_epoch(account, tmp_path):
    job = run(tmp_path, READING, TrainingInput("s3://bucket/data", input_mode="Pipe"))
    assert list(job.logs()) == ["abc", "abc"]


def test_an_empty_prefix_fails_the_job_with_its_name(account, tmp_path):
    with pytest.raises(JobError, match=r"inputs\['train'\]: s3://bucket/nothing holds no objects"):
        run(tmp_path, LISTING, "s3://bucket/nothing")


def test_a_bucket_that_is_not_there_is_one_sentence(account, tmp_path):
    with pytest.raises(JobError, match=r"inputs\['train'\] at s3://nowhere/x"):
        run(tmp_path, LISTING, "s3://nowhere/x")


def test_what_only_sagemaker_reads_is_refused_before_the_start(account, tmp_path):
    channel = TrainingInput(
        "s3://bucket/list",
        s3_data_type="AugmentedManifestFile",
        input_mode="Pipe",
        attribute_names=["source"],
    )
    with pytest.raises(LaunchError, match="AugmentedManifestFile is read by SageMaker only"):
        run(tmp_path, LISTING, channel)
    assert not (tmp_path / "jobs").exists()
