from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from support import Jobs

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.channels.local_channels import check_channels, fill_channels, node_share
from jupyter_sdt.spec.job_spec import Channel


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "my data"
    for name in ("a/1.txt", "a/2.txt", "b.txt", "c.txt", "d.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "empty").mkdir()
    return folder


def filled(jobs: Jobs, *, nodes: int = 1, node: str = "algo-1", **settings: object) -> Path:
    """Fill channel ``train`` of one node and return its folder."""
    channel = Channel(name="train", **settings)
    directory = jobs.write("", channels=(channel,), instance_count=nodes)
    fill_channels(directory.read_spec(), directory, node)
    return directory.node(node) / "input" / "data" / "train"


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_file_copies_with_relative_paths_and_leaves_empty_folders_out(jobs, data) -> None:
    folder = filled(jobs, uri=f"file://{str(data).replace(' ', '%20')}")
    assert names(folder) == ["a/1.txt", "a/2.txt", "b.txt", "c.txt", "d.txt"]
    assert not (folder / "empty").exists()


def test_a_script_cannot_alter_the_originals_through_a_file_channel(jobs, data) -> None:
    folder = filled(jobs, uri=str(data))
    (folder / "b.txt").write_text("changed")
    (folder / "a" / "1.txt").unlink()
    assert (data / "b.txt").read_text() == "b.txt"
    assert (data / "a" / "1.txt").exists()


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_a_single_file_arrives_under_its_own_name(jobs, data, mode) -> None:
    folder = filled(jobs, uri=str(data / "a" / "1.txt"), input_mode=mode)
    assert (names(folder), (folder / "1.txt").read_text()) == (["1.txt"], "a/1.txt")


def test_fastfile_links_the_whole_folder(jobs, data) -> None:
    folder = filled(jobs, uri=str(data), input_mode="FastFile")
    assert folder.readlink() == data


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_sharding_deals_sorted_objects_to_the_nodes_one_by_one(jobs, data, mode) -> None:
    sharded = {"uri": str(data), "distribution": "ShardedByS3Key", "input_mode": mode}
    first = filled(jobs, nodes=2, node="algo-1", **sharded)
    second = filled(jobs, nodes=2, node="algo-2", **sharded)
    assert names(first) == ["a/1.txt", "b.txt", "d.txt"]
    assert names(second) == ["a/2.txt", "c.txt"]


def test_a_node_beyond_the_number_of_objects_gets_an_empty_folder(jobs, data) -> None:
    shard = {"uri": str(data / "b.txt"), "distribution": "ShardedByS3Key"}
    assert names(filled(jobs, nodes=2, node="algo-2", **shard)) == []


def test_each_epoch_is_shuffled_anew_and_dealt_out_without_loss(jobs: Jobs) -> None:
    channel = Channel(name="c", uri="/x", distribution="ShardedByS3Key", shuffle_seed=3)
    spec = jobs.spec(channels=(channel,), instance_count=2)
    objects = tuple((str(number), Path("/x")) for number in range(20))
    shares = {
        (node, epoch): node_share(spec, channel, node, objects, epoch)
        for node in spec.nodes
        for epoch in (0, 1)
    }
    for epoch in (0, 1):
        assert sorted(shares["algo-1", epoch] + shares["algo-2", epoch]) == sorted(objects)
    assert shares["algo-1", 0] != shares["algo-1", 1]
    assert set(shares["algo-1", 0]) != set(shares["algo-1", 1]), "objects move between nodes"
    assert node_share(spec, channel, "algo-1", objects, 1) == shares["algo-1", 1]


def test_file_mode_is_never_shuffled(jobs: Jobs) -> None:
    channel = Channel(name="c", uri="/x", shuffle_seed=3)
    objects = tuple((str(number), Path("/x")) for number in range(20))
    assert node_share(jobs.spec(), channel, "algo-1", objects) == objects


def test_a_pipe_channel_begins_with_the_fifo_of_epoch_0(jobs, data) -> None:
    folder = filled(jobs, uri=str(data), input_mode="Pipe")
    assert not folder.exists()
    assert folder.with_name("train_0").is_fifo()


def test_what_no_object_store_could_hold_is_named(jobs, data) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(data / "odd", Path.cwd()))
    with pytest.raises(LaunchError, match=r"channel 'train': .*odd is neither a file nor a folder"):
        filled(jobs, uri=str(data))


def test_a_file_that_cannot_be_copied_is_named_with_its_channel(jobs, data, tiny_disk) -> None:
    (data / "big").write_bytes(b"x" * (2 << 20))
    small = Jobs(tiny_disk)
    with pytest.raises(LaunchError, match=r"channel 'train': .*No space left on device"):
        filled(small, uri=str(data))


def test_copying_ends_when_someone_asks_to_stop(jobs, data) -> None:
    directory = jobs.write("", channels=(Channel(name="train", uri=str(data)),))
    directory.ask_to_stop()
    with pytest.raises(LaunchError, match="stopped while channel 'train' was being copied"):
        fill_channels(directory.read_spec(), directory, "algo-1")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"uri": "{data}x"}, "channel 'train': {data}x does not exist; did you mean 'my data'?"),
        ({"uri": "{data}/empty"}, "channel 'train': {data}/empty holds no files"),
        ({"uri": "data"}, "channel 'train': 'data' must be absolute"),
        ({"uri": "ftp://h/x"}, "channel 'train': 'ftp://h/x' must be a path or file:///path"),
        ({"name": ".."}, "channel '..': a name has"),
        ({"name": "a/b"}, "channel 'a/b': a name has"),
        ({"input_mode": "Fast"}, "channel 'train': input_mode='Fast' is none of File, FastFile,"),
        ({"compression": "gzip"}, "channel 'train': compression='gzip' is none of None, Gzip; did"),
    ],
)
def test_a_channel_that_cannot_be_right_is_refused_by_name(jobs, data, settings, message) -> None:
    fields = {"name": "train", "uri": str(data)} | settings
    fields["uri"] = fields["uri"].replace("{data}", str(data))
    with pytest.raises(SpecError, match=re.escape(message.replace("{data}", str(data)))):
        check_channels(jobs.spec(channels=(Channel(**fields),)))


def test_channels_must_not_get_in_each_others_way(jobs, data) -> None:
    train = Channel(name="train", uri=str(data), input_mode="Pipe")
    with pytest.raises(SpecError, match="'train' is given twice"):
        check_channels(jobs.spec(channels=(train, train)))
    with pytest.raises(SpecError, match="'train_7' has the name of another Pipe channel's epoch"):
        check_channels(
            jobs.spec(channels=(train, Channel(name="train_7", uri=str(data)))),
        )


def test_good_channels_pass(jobs, data) -> None:
    modes = ("File", "FastFile", "Pipe")
    check_channels(
        jobs.spec(channels=tuple(Channel(name=m, uri=str(data), input_mode=m) for m in modes))
    )


def test_a_manifest_on_this_machine_lists_what_arrives(jobs, data, tmp_path) -> None:
    listed = tmp_path / "list.json"
    listed.write_text(f'[{{"prefix": "{data}/"}}, "a/2.txt", "d.txt"]')
    kind = {"s3_data_type": "ManifestFile"}
    folder = filled(jobs, uri=str(listed), sagemaker=kind)
    assert names(folder) == ["a/2.txt", "d.txt"]
    listed.write_text('[{"prefix": "s3://bucket/"}, "a"]')
    with pytest.raises(LaunchError, match="s3://bucket/a"):
        filled(jobs, uri=str(listed), sagemaker=kind)
    listed.write_text('["a"]')
    with pytest.raises(LaunchError, match="is no manifest"):
        filled(jobs, uri=str(listed), sagemaker=kind)
