"""FSx and EFS channels of local jobs, where the file system is mounted on this machine."""

from __future__ import annotations

import pytest

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.estimator.inputs import ChannelReader, FileSystemInput
from jupyter_sdt.launch.channels.file_systems import mounted_folder
from jupyter_sdt.launch.channels.local_channels import check_channels, fill_channels


def channel(kind: str = "EFS", path: str = "/data/train"):
    given = FileSystemInput("fs-0123456789abcdef0", kind, path)
    return ChannelReader(local=True).read({"train": given})[0]


@pytest.mark.parametrize(
    ("kind", "path"), [("EFS", "/data/train"), ("FSxLustre", "/abc/data/train")]
)
def test_the_directory_is_found_where_the_file_system_is_mounted(kind, path, tmp_path):
    folder = tmp_path / "data" / "train"
    folder.mkdir(parents=True)
    mounts = {"SDT_FILE_SYSTEMS": f"fs-9=/x:fs-0123456789abcdef0={tmp_path}"}
    assert mounted_folder(channel(kind, path), mounts) == folder


def test_a_file_system_that_is_not_mounted_here_is_one_sentence(monkeypatch):
    monkeypatch.delenv("SDT_FILE_SYSTEMS", raising=False)
    with pytest.raises(LaunchError, match="SDT_FILE_SYSTEMS=fs-0123456789abcdef0=/FOLDER"):
        mounted_folder(channel())


def test_a_directory_that_is_not_in_it_is_named(tmp_path):
    mounts = {"SDT_FILE_SYSTEMS": f"fs-0123456789abcdef0={tmp_path}"}
    with pytest.raises(SpecError, match=r"data/train \(/data/train of fs-0123456789abcdef0\)"):
        mounted_folder(channel(), mounts)


def test_nodes_see_the_folder_itself_as_a_mount_would_show_it(tmp_path, monkeypatch, jobs):
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "data" / "train" / "a").write_text("1")
    monkeypatch.setenv("SDT_FILE_SYSTEMS", f"fs-0123456789abcdef0={tmp_path}")
    directory = jobs.write("", channels=(channel(),), instance_count=2)
    spec = directory.read_spec()
    check_channels(spec)
    for node in spec.nodes:
        fill_channels(spec, directory, node)
        seen = directory.node(node) / "input" / "data" / "train"
        assert seen.resolve() == tmp_path / "data" / "train"
