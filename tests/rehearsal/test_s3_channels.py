"""``s3://`` channels of local jobs, from a rehearsed bucket."""

from __future__ import annotations

import gzip
import json

import pytest

from jupyter_sdt import PyTorch, TrainingInput
from jupyter_sdt.errors import JobError, SpecError

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
IN_ORDER = READING.replace('"".join(sorted(pipe.read()))', "pipe.read()")
RECORDS = """
import os, struct
with open(os.environ["SM_INPUT_DIR"] + "/data/train_0", "rb") as pipe:
    content, records = pipe.read(), []
while content:
    magic, size = struct.unpack("<II", content[:8])
    assert magic == 0xCED7230A, magic
    records.append(content[8 : 8 + size])
    content = content[8 + size + -size % 4 :]
print(records)
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


def test_an_augmented_manifest_streams_attributes_as_records(account, tmp_path):
    lines = [
        {"image-ref": f"s3://bucket/data/{name}", "label": label, "box": {"x": [1, 2]}}
        for name, label in (("a", "cat"), ("b", "dog"))
    ]
    account.put("s3://bucket/list", "\n".join(json.dumps(line) for line in lines).encode())
    channel = TrainingInput(
        "s3://bucket/list",
        s3_data_type="AugmentedManifestFile",
        input_mode="Pipe",
        attribute_names=["image-ref", "box", "label"],
        record_wrapping="RecordIO",
    )
    job = run(tmp_path, RECORDS, channel)
    assert list(job.logs()) == [
        str([b"a", b'{"x": [1, 2]}', b"cat", b"b", b'{"x": [1, 2]}', b"dog"])
    ]
    assert not (job.directory.path / "s3").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"inputs\['train'\]: s3://bucket/list.*NoSuchKey"),
        (b'{"image": 1}', "line 1 has no attribute 'label'; it has image"),
        (b"[]", "line 1 is no JSON object"),
    ],
)
def test_an_augmented_manifest_is_read_before_the_script_starts(account, tmp_path, content, words):
    if content:
        account.put("s3://bucket/list", content)
    kind = {"s3_data_type": "AugmentedManifestFile", "attribute_names": ["label"]}
    with pytest.raises(JobError, match=words):
        run(tmp_path, LISTING, TrainingInput("s3://bucket/list", input_mode="Pipe", **kind))


def test_a_manifest_in_a_mode_that_nobody_reads_is_refused_before_the_start(account, tmp_path):
    channel = TrainingInput("s3://bucket/list", s3_data_type="AugmentedManifestFile")
    with pytest.raises(SpecError, match="in mode File; it needs 'Pipe'"):
        run(tmp_path, LISTING, channel)
    channel = TrainingInput("s3://bucket/l", s3_data_type="ManifestFile", input_mode="FastFile")
    with pytest.raises(SpecError, match="FastFile reads S3Prefix only"):
        run(tmp_path, LISTING, channel)
    assert not (tmp_path / "jobs").exists()


def test_objects_of_a_pipe_come_unpacked_in_the_same_new_order_each_epoch(account, tmp_path):
    for number in range(8):
        account.put(f"s3://bucket/packed/{number}.gz", gzip.compress(f"{number} ".encode()))
    channel = TrainingInput(
        "s3://bucket/packed/", input_mode="Pipe", compression="Gzip", shuffle_config=3
    )
    orders = [list(run(tmp_path, IN_ORDER, channel).logs()) for _ in range(2)]
    first, second = orders[0]
    assert orders[0] == orders[1]
    assert first != second
    assert sorted(first.split()) == sorted(second.split()) == [str(n) for n in range(8)]


def test_a_pipe_gives_each_node_its_share(account, tmp_path):
    channel = TrainingInput("s3://bucket/data", input_mode="Pipe", distribution="ShardedByS3Key")
    job = run(tmp_path, READING, channel, instance_type="local", instance_count=2)
    assert sorted(job.logs()) == ["[rank 0] ac", "[rank 0] ac", "[rank 1] b", "[rank 1] b"]
