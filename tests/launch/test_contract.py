"""The contract as a script sees it: real jobs on two nodes, from inputs to archives."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from support import Jobs, ranks

from jupyter_sdt.spec.job_spec import Channel
from jupyter_sdt.store.job_directory import JobDirectory

SCRIPT = """
    import json, os, sys, time
    from pathlib import Path

    node, base = os.environ["SM_CURRENT_HOST"], Path(os.environ["SAGEMAKER_BASE_DIR"])
    channels = {}
    for name in json.loads(os.environ["SM_CHANNELS"]):
        folder = Path(os.environ[f"SM_CHANNEL_{name.upper()}"])
        if folder.is_dir():
            channels[name] = sorted(path.name for path in folder.iterdir())
        else:
            channels[name] = [Path(f"{folder}_{epoch}").read_text() for epoch in range(2)]
    config = json.loads((base / "input/config/resourceconfig.json").read_text())
    seen = {
        "argv": sys.argv[1:],
        "hosts": json.loads(os.environ["SM_HOSTS"]),
        "config_host": config["current_host"],
        "channels": channels,
        "code": sorted(path.name for path in (base / "code").iterdir()),
        "checkpoints": sorted(path.name for path in (base / "checkpoints").iterdir()),
    }
    Path(os.environ["SM_MODEL_DIR"], f"{node}.json").write_text(json.dumps(seen))
    Path(os.environ["SM_OUTPUT_DATA_DIR"], node).write_text(node)
    while not (base / "checkpoints" / "algo-1-done").exists() and node == "algo-2":
        time.sleep(0.01)
    (base / "checkpoints" / f"{node}-done").touch()
"""


def run(jobs: Jobs, tmp_path: Path) -> JobDirectory:
    for name in "abc":
        path = tmp_path / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    data = str(tmp_path / "data")
    return jobs.run(
        SCRIPT,
        instance_count=2,
        distribution=ranks(1, launcher="python", strategy="none"),
        hyperparameters={"text": "it's; $HOME", "k": True},
        channels=(
            Channel(name="all", uri=data),
            Channel(name="shard", uri=data, distribution="ShardedByS3Key"),
            Channel(name="piped", uri=data, input_mode="Pipe", distribution="ShardedByS3Key"),
        ),
        checkpoint_uri=str(tmp_path / "checkpoints"),
        output_path=str(tmp_path / "results"),
    )


def seen(archive: Path, node: str) -> dict[str, object]:
    with tarfile.open(archive) as tar:
        return json.load(tar.extractfile(f"{node}.json"))


def test_two_nodes_see_what_sagemaker_would_show_them(jobs: Jobs, tmp_path: Path) -> None:
    directory = run(jobs, tmp_path)
    state = directory.read_state()
    assert state.status == "Completed", (state, directory.log(0).read_text())
    phases = [step.secondary_status for step in state.transitions]
    assert phases == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    model = tmp_path / "results" / directory.job_name / "output" / "model.tar.gz"
    first, second = seen(model, "algo-1"), seen(model, "algo-2")
    for view, node in ((first, "algo-1"), (second, "algo-2")):
        assert view["argv"] == ["-k", "True", "--text", "it's; $HOME"]
        assert view["hosts"] == ["algo-1", "algo-2"]
        assert view["config_host"] == node
        assert view["code"] == ["entry_point.py"]
        assert view["channels"]["all"] == ["a", "b", "c"]
    assert first["channels"] | {"all": None} == {
        "all": None,
        "shard": ["a", "c"],
        "piped": ["ac", "ac"],
    }
    assert second["channels"]["shard"] == ["b"]
    assert second["channels"]["piped"] == ["b", "b"]


def test_checkpoints_of_one_run_are_there_for_the_next(jobs: Jobs, tmp_path: Path) -> None:
    run(jobs, tmp_path)
    later = run(jobs, tmp_path)
    model = tmp_path / "results" / later.job_name / "output" / "model.tar.gz"
    assert seen(model, "algo-2")["checkpoints"] == ["algo-1-done", "algo-2-done"]


def test_a_scripts_own_failure_file_is_kept(jobs: Jobs) -> None:
    directory = jobs.run(
        """
        import os, pathlib
        pathlib.Path(os.environ["SM_OUTPUT_FAILURE"]).write_text("no data for tuesday")
        raise SystemExit(3)
        """,
        distribution=ranks(1, launcher="python", strategy="none"),
    )
    failure = directory.node("algo-1") / "output" / "failure"
    assert failure.read_text() == "no data for tuesday"
    assert directory.read_state().exit_code == 3
