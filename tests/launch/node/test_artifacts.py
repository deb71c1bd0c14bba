from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest
from support import Jobs

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.node.artifacts import collect_artifacts
from jupyter_sdt.launch.node.directory import prepare_node
from jupyter_sdt.store.job_directory import JobDirectory


def job_with(jobs: Jobs, files: dict[str, str], **fields: object) -> JobDirectory:
    """A job whose ranks left ``files``: "algo-1/model/x" -> text."""
    directory = jobs.write("", **fields)
    spec = directory.read_spec()
    for node in spec.nodes:
        prepare_node(spec, directory, node)
    for name, text in files.items():
        path = directory.path / "nodes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def collect(directory: JobDirectory) -> tuple[str, ...]:
    return collect_artifacts(directory.read_spec(), directory)


def content(archive: Path, unpacked: Path) -> dict[str, str]:
    """Unpack for real: an archive that cannot be unpacked is worth nothing."""
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    files = (path for path in unpacked.rglob("*") if path.is_file())
    return {str(path.relative_to(unpacked)): path.read_text() for path in files}


def test_model_and_output_of_all_nodes_end_in_one_archive_each(jobs, tmp_path) -> None:
    files = {
        "algo-1/model/weights.pt": "w",
        "algo-2/model/shards/2.pt": "s",
        "algo-2/output/data/predictions.csv": "p",
        "algo-1/output/intermediate/x": "not this",
    }
    uri = f"file://{tmp_path}/results"
    directory = job_with(jobs, files, instance_count=2, output_path=uri)
    assert collect(directory) == ()
    folder = tmp_path / "results" / directory.job_name / "output"
    assert sorted(path.name for path in folder.iterdir()) == ["model.tar.gz", "output.tar.gz"]
    model = content(folder / "model.tar.gz", tmp_path / "m")
    assert model == {"weights.pt": "w", "shards/2.pt": "s"}
    assert content(folder / "output.tar.gz", tmp_path / "o") == {"predictions.csv": "p"}


def test_of_equal_names_the_last_nodes_file_is_packed_and_a_note_says_so(jobs, tmp_path) -> None:
    files = {"algo-1/model/a": "1", "algo-2/model/a": "2", "algo-1/model/b": "b"}
    directory = job_with(jobs, files, instance_count=2, output_path=str(tmp_path / "results"))
    assert collect(directory) == ("model/a of algo-1 was not packed: algo-2 has one too",)
    archive = tmp_path / "results" / directory.job_name / "output" / "model.tar.gz"
    assert content(archive, tmp_path / "m") == {"a": "2", "b": "b"}


@pytest.mark.parametrize(("first", "second"), [("a", "a/b/c"), ("a/b/c", "a")])
def test_a_file_where_another_node_has_a_folder_can_still_be_unpacked(
    jobs, tmp_path, first, second
) -> None:
    files = {f"algo-1/model/{first}": "1", f"algo-2/model/{second}": "2"}
    directory = job_with(jobs, files, instance_count=2, output_path=str(tmp_path / "results"))
    assert len(collect(directory)) == 1
    archive = tmp_path / "results" / directory.job_name / "output" / "model.tar.gz"
    assert content(archive, tmp_path / "m") == {second: "2"}


def test_links_are_packed_as_what_they_point_to_and_oddities_left_out(jobs, tmp_path) -> None:
    directory = job_with(jobs, {"algo-1/model/step-9/w": "w"}, output_path=str(tmp_path / "r"))
    model = directory.node("algo-1") / "model"
    (model / "latest").symlink_to("step-9")
    (model / "broken").symlink_to("nowhere")
    assert collect(directory) == (f"{model}/broken was not packed: it is no file",)
    archive = tmp_path / "r" / directory.job_name / "output" / "model.tar.gz"
    assert content(archive, tmp_path / "m") == {"step-9/w": "w", "latest/w": "w"}


def test_archives_get_the_users_usual_rights_and_tell_no_names(jobs, tmp_path) -> None:
    directory = job_with(jobs, {"algo-1/model/w": "w"}, output_path=str(tmp_path / "r"))
    before = os.umask(0o027)
    try:
        collect(directory)
    finally:
        os.umask(before)
    archive = tmp_path / "r" / directory.job_name / "output" / "model.tar.gz"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o640
    with tarfile.open(archive) as tar:
        assert {(m.uid, m.uname) for m in tar} == {(0, "")}


def test_a_full_disk_leaves_no_half_archive(jobs, tiny_disk) -> None:
    noise = os.urandom(1 << 20).hex()
    directory = job_with(jobs, {"algo-1/model/w": noise}, output_path=str(tiny_disk))
    with pytest.raises(LaunchError, match=r"cannot write .*model\.tar\.gz: .*No space left"):
        collect(directory)
    assert list((tiny_disk / directory.job_name / "output").iterdir()) == []


def test_a_script_that_deleted_its_model_folder_is_told(jobs, tmp_path) -> None:
    directory = job_with(jobs, {}, output_path=str(tmp_path / "r"))
    (directory.node("algo-1") / "model").rmdir()
    with pytest.raises(LaunchError, match=r"No such file .*nodes/algo-1/model"):
        collect(directory)


def test_without_an_output_path_nothing_is_packed(jobs, tmp_path) -> None:
    directory = job_with(jobs, {"algo-1/model/w": "w"})
    before = sorted(tmp_path.rglob("*"))
    assert collect(directory) == ()
    assert sorted(tmp_path.rglob("*")) == before
