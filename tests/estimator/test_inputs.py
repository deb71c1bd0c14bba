"""What ``fit(inputs)`` accepts and the channels it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_sdt import FileSystemInput, TrainingInput
from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.inputs import ChannelReader
from jupyter_sdt.spec.job_spec import Channel


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    return folder


def read(inputs, *, local=True, **fields):
    return ChannelReader(local=local, **fields).read(inputs)


def test_no_inputs_are_no_channels():
    assert read(None) == ()


def test_a_single_input_is_the_channel_training(data: Path):
    expected = (Channel(name="training", uri=str(data)),)
    assert read(str(data)) == read(data) == read(f"file://{data}") == expected
    assert read(TrainingInput(str(data))) == expected


def test_a_relative_path_no_longer_depends_on_where_we_stand(data: Path, monkeypatch):
    monkeypatch.chdir(data.parent)
    assert read("digits")[0].uri == str(data)


def test_a_dict_keeps_its_order_and_its_values(data: Path):
    given = {
        "b": TrainingInput(
            str(data),
            distribution="ShardedByS3Key",
            compression="Gzip",
            content_type="text/csv",
            record_wrapping="RecordIO",
            input_mode="Pipe",
            shuffle_config=7,
            instance_groups=["gpus"],
        ),
        "a": "s3://bucket/prefix",
    }
    first, second = read(given, input_mode="FastFile")
    assert first == Channel(
        name="b",
        uri=str(data),
        input_mode="Pipe",
        distribution="ShardedByS3Key",
        content_type="text/csv",
        compression="Gzip",
        record_wrapping="RecordIO",
        shuffle_seed=7,
        sagemaker={"instance_groups": ["gpus"]},
    )
    assert second == Channel(name="a", uri="s3://bucket/prefix", input_mode="FastFile")
    assert list(given) == ["b", "a"]


class OfTheSdk:
    """What SageMaker's own TrainingInput, s3_input and FileSystemInput have in common."""

    def __init__(self, source: dict, **config) -> None:
        self.config = {"DataSource": source, **config}


def test_inputs_of_sagemakers_sdk_are_what_they_hold():
    source = {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/list", "AttributeNames": ["a"]}
    lustre = FileSystemInput("fs-0123", "FSxLustre", "/data", "rw", "text/csv")
    system = read(lustre)[0].sagemaker
    given = {
        "s3": OfTheSdk({"S3DataSource": source}, InputMode="Pipe", ShuffleConfig={"Seed": 7}),
        "fs": OfTheSdk(system, ContentType="text/csv"),
    }
    ours = TrainingInput(
        "s3://bucket/list",
        s3_data_type="ManifestFile",
        attribute_names=["a"],
        input_mode="Pipe",
        shuffle_config=7,
    )
    assert read(given) == read({"s3": ours, "fs": lustre})


def test_sagemakers_shuffle_config_and_the_word_none_are_understood(data: Path):
    class ShuffleConfig:
        seed = 3

    given = TrainingInput(
        str(data), compression="None", record_wrapping="None", shuffle_config=ShuffleConfig()
    )
    channel = read(given)[0]
    assert (channel.compression, channel.record_wrapping, channel.shuffle_seed) == ("", "", 3)


def test_a_file_system_keeps_its_description_for_sagemaker():
    channel = read({"fsx": FileSystemInput("fs-1", "FSxLustre", "/fsx/data")}, local=False)[0]
    assert channel.uri == "fsxlustre://fs-1/fsx/data"
    assert channel.sagemaker["FileSystemDataSource"] == {
        "FileSystemId": "fs-1",
        "FileSystemType": "FSxLustre",
        "DirectoryPath": "/fsx/data",
        "FileSystemAccessMode": "ro",
    }


def test_a_model_is_a_channel_of_its_own(data: Path):
    channels = read(str(data), extra={"model": str(data)})
    assert [channel.name for channel in channels] == ["training", "model"]


REFUSED = {
    "bad_input_type": (lambda d: read(3), "channel 'training' is a int"),
    "list_input": (lambda d: read([str(d)]), "channel 'training' is a list"),
    "bad_input_uri": (lambda d: read("http://a/b"), "must be a path or file:///path"),
    "list in a dict": (lambda d: read({"a": [1]}), "channel 'a' is a list"),
    "another scheme on ml.*": (lambda d: read("http://a/b", local=False), "must be s3://BUCKET"),
    "no bucket": (lambda d: read("s3://"), "'s3://' names no bucket"),
    "empty": (lambda d: read(""), "is an empty string"),
    "missing": (lambda d: read(str(d.parent / "digit")), "does not exist; did you mean 'digits'?"),
    "missing folder": (lambda d: read(str(d / "a" / "b")), "where the existing part of it ends"),
    "file_input_remote": (lambda d: read(f"file://{d}", local=False), "lies on this machine"),
    "file_input_remote_dict": (lambda d: read({"a": str(d)}, local=False), "inputs['a']"),
    "channel name": (lambda d: read({"a b": str(d)}), "channel name 'a b' must be"),
    "channel name type": (lambda d: read({1: str(d)}), "channel name 1 must be"),
    "channels": (lambda d: read({f"c{n}": str(d) for n in range(21)}), "21 channels"),
    "dup_model_channel": (
        lambda d: read({"model": str(d)}, extra={"model": str(d)}),
        "'model' is given twice",
    ),
    "efs_bad_mode": (
        lambda d: FileSystemInput("f", "EFS", "/d", "rwx"),  # type: ignore[arg-type]
        "file_system_access_mode='rwx' must be one of 'ro', 'rw'",
    ),
    "efs_bad_type": (
        lambda d: FileSystemInput("f", "NFS", "/d"),  # type: ignore[arg-type]
        "file_system_type='NFS'",
    ),
    "efs path": (lambda d: FileSystemInput("f", "EFS", "d"), "must begin with /"),
    "distribution": (
        lambda d: TrainingInput(str(d), distribution="Sharded"),
        "distribution='Sharded' must be one of 'FullyReplicated', 'ShardedByS3Key'",
    ),
    "mode": (lambda d: TrainingInput(str(d), input_mode="Fastfile"), "did you mean 'FastFile'?"),
    "s3_data": (lambda d: TrainingInput(None), "s3_data=None must be a path or URI"),
    "data type": (lambda d: TrainingInput(str(d), s3_data_type="S3"), "s3_data_type='S3'"),
    "seed": (lambda d: read(TrainingInput(str(d), shuffle_config="x")), "shuffle_config='x'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_an_input_is_refused(case, data: Path):
    make, words = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        make(data)
    assert words in str(caught.value)
