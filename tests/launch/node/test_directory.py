from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from support import Jobs

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.node.directory import (
    check_paths,
    prepare_node,
    read_failure,
    write_failure,
)
from jupyter_sdt.launch.node.environment import node_environment
from jupyter_sdt.spec.job_spec import Channel
from jupyter_sdt.store.job_directory import JobDirectory


def prepared(jobs: Jobs, node: str = "algo-1", **fields: object) -> tuple[JobDirectory, Path]:
    directory = jobs.write("print()", **fields)
    prepare_node(directory.read_spec(), directory, node)
    return directory, directory.node(node)


def config(root: Path, name: str) -> object:
    return json.loads((root / "input" / "config" / f"{name}.json").read_text())


def test_every_folder_that_a_variable_names_exists(jobs: Jobs) -> None:
    directory, root = prepared(jobs)
    variables = node_environment(directory.read_spec(), directory, "algo-1")
    folders = [name for name in variables if name.endswith("_DIR")]
    assert len(folders) >= 9
    assert [name for name in folders if not Path(variables[name]).is_dir()] == []
    assert (root / "code" / "entry_point.py").read_text() == "print()"


def test_the_tree_is_its_owners_alone(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    before = os.umask(0)
    try:
        _, root = prepared(jobs, channels=(Channel(name="c", uri=str(tmp_path / "data")),))
    finally:
        os.umask(before)
    for path in [root, root.parent, *root.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.is_symlink() or stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_the_configuration_is_what_the_toolkit_reads(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    _, root = prepared(
        jobs,
        "algo-2",
        instance_count=2,
        hyperparameters={"lr": 0.1, "name": "a b"},
        channels=(Channel(name="train", uri=str(tmp_path / "data")),),
    )
    hyperparameters = config(root, "hyperparameters")
    assert {type(value) for value in hyperparameters.values()} == {str}
    assert (hyperparameters["lr"], hyperparameters["name"]) == ("0.1", '"a b"')
    assert config(root, "resourceconfig")["current_host"] == "algo-2"
    assert config(root, "inputdataconfig")["train"]["TrainingInputMode"] == "File"
    assert (root / "input" / "data" / "train" / "data").is_file()
    assert not (root / "input" / "config" / "checkpointconfig.json").exists()


def test_checkpoints_survive_and_are_shared_by_nodes_and_runs(jobs: Jobs, tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/kept/checkpoints"
    first, root = prepared(jobs, checkpoint_uri=uri, instance_count=2)
    prepare_node(first.read_spec(), first, "algo-2")
    (root / "checkpoints" / "step-1").write_text("weights")
    _, later = prepared(jobs, checkpoint_uri=uri)
    for tree in (first.node("algo-2"), later):
        assert (tree / "checkpoints" / "step-1").read_text() == "weights"
    assert config(later, "checkpointconfig") == {"LocalPath": str(later / "checkpoints")}


def test_without_an_address_checkpoints_stay_in_the_job(jobs: Jobs) -> None:
    _, root = prepared(jobs)
    assert (root / "checkpoints").is_dir()
    assert not (root / "checkpoints").is_symlink()


@pytest.mark.parametrize("field", ["checkpoint_uri", "output_path"])
def test_paths_that_cannot_be_written_are_refused_before_the_start(jobs, tmp_path, field) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match=r"file is not a folder"):
        check_paths(jobs.spec(**{field: str(tmp_path / "file" / "deep")}))
    check_paths(jobs.spec(**{field: "s3://bucket/prefix"}))  # whether S3 takes it, S3 says later
    with pytest.raises(SpecError, match="must be absolute"):
        check_paths(jobs.spec(**{field: "relative"}))
    check_paths(jobs.spec(**{field: str(tmp_path / "new" / "deep")}))
    assert not (tmp_path / "new").exists(), "a check must create nothing"


def test_a_checkpoint_folder_that_cannot_be_made_is_named(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match=r"checkpoint_s3_uri: cannot create .*/file/deep"):
        prepared(jobs, checkpoint_uri=str(tmp_path / "file" / "deep"))


def test_the_scripts_own_failure_text_counts(jobs: Jobs) -> None:
    directory, root = prepared(jobs)
    (root / "output" / "failure").write_text("my own words")
    write_failure(directory, "algo-1", "rank 0 failed")
    assert read_failure(directory, "algo-1") == "my own words"


def test_a_failure_is_kept_whole_and_counts_for_1024_characters(jobs: Jobs) -> None:
    directory = jobs.write("")
    assert read_failure(directory, "algo-1") == ""
    text = "ü\ud800" + "x" * 2000
    write_failure(directory, "algo-1", text)
    kept = directory.node("algo-1") / "output" / "failure"
    assert kept.read_text().endswith("x" * 2000)
    assert read_failure(directory, "algo-1") == "ü\\ud800" + "x" * 1017
