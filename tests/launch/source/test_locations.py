from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.source.locations import absolute_path, copy_file, list_files, local_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/data/a b", "/data/a b"),
        ("file:///data/a%20b", "/data/a b"),
        ("file://localhost/data", "/data"),
        ("file:///data/a#1?x", "/data/a#1?x"),
        ("~/data", str(Path.home() / "data")),
        ("data/x", "data/x"),
    ],
)
def test_paths_and_file_uris_name_local_files(uri: str, path: str) -> None:
    assert local_path(uri, argument="inputs") == Path(path)


def test_s3_is_refused_with_the_backend_that_it_needs() -> None:
    with pytest.raises(LaunchError, match=r"inputs: s3://b/k lies in S3"):
        local_path("s3://b/k", argument="inputs")


@pytest.mark.parametrize("uri", ["https://host/x", "file://server/share", "file://./data"])
def test_other_schemes_and_foreign_hosts_are_refused(uri: str) -> None:
    with pytest.raises(SpecError, match=r"inputs: .* must be a path or file:///path"):
        local_path(uri, argument="inputs")


def test_a_relative_path_is_refused_with_the_absolute_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=f"must be absolute, such as '{tmp_path}/data'"):
        absolute_path("data", argument="inputs")


def test_files_are_listed_by_key_in_byte_order(tmp_path: Path) -> None:
    for name in ("b/1", "a.txt", "a/z", "a/deep/x", "B", "é"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [name for name, _ in list_files(tmp_path).files]
    assert names == ["B", "a.txt", "a/deep/x", "a/z", "b/1", "é"]


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").touch()
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    names = [name for name, _ in list_files(tmp_path).files]
    assert {"alias/file", "real/file"} <= set(names)
    assert max(name.count("loop") for name in names) <= 1


def test_what_is_no_file_is_told_apart(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").symlink_to("nowhere")
    listing = list_files(tmp_path)
    assert listing.files == ()
    assert listing.others == (tmp_path / "broken", tmp_path / "pipe")


def test_skipped_folders_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "deep" / "x").touch()
    (tmp_path / "in").touch()
    seen = []
    listing = list_files(tmp_path, lambda name, entry: seen.append(name) or name == "out/")
    assert [name for name, _ in listing.files] == ["in"]
    assert sorted(seen) == ["in", "out/"]


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_a_copy_is_equal_private_and_independent(tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "source", tmp_path / "new" / "deep" / "target"
    source.write_bytes(os.urandom(size))
    content = source.read_bytes()
    source.chmod(0o444)
    copy_file(source, target)
    assert target.read_bytes() == content
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.parent.stat().st_mode) == 0o700
    target.write_bytes(b"changed")
    assert source.read_bytes() == content


def test_a_copy_can_be_executed_when_the_original_can(tmp_path: Path) -> None:
    source = tmp_path / "run.sh"
    source.touch(0o755)
    copy_file(source, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700


def test_files_the_kernel_makes_up_are_copied_too(tmp_path: Path) -> None:
    copy_file(Path("/proc/self/status"), tmp_path / "copy")
    assert (tmp_path / "copy").read_text().startswith("Name:")


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with pytest.raises(FileExistsError):
        copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "b"
