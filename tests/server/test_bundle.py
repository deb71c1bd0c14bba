"""The archive with which a job can be run again."""

import hashlib
import io
import json
import pickle
import subprocess
import sys
import zipfile

import pytest
from support import Jobs

from jupyter_sdt.server.bundle import make_bundle
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import Channel

SCRIPT = "print('hello')\n"


async def test_a_bundle_has_source_versions_hashes_and_no_secret(jp_fetch, store, tmp_path) -> None:
    data = tmp_path / "training-data"
    data.mkdir()
    (data / "a.csv").write_text("1,2\n")
    directory = store.ended(
        channels=(Channel(name="training", uri=f"file://{data}"),),
        hyperparameters={"seed": 7, "lr": 0.1},
        secret_names=("MY_TOKEN",),
    )
    (directory.source / "entry_point.py").write_text(SCRIPT)
    reply = await jp_fetch("jupyter-sdt", "jobs", directory.job_name, "bundle")
    assert reply.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        texts = {name.partition("/")[2]: archive.read(name).decode() for name in archive.namelist()}
    assert texts["source/entry_point.py"] == SCRIPT
    assert "jupyter-sdt==" in texts["versions.txt"]
    assert "Seed: 7" in texts["README.md"]
    assert "set MY_TOKEN" in texts["README.md"]
    (training,) = json.loads(texts["inputs.json"])
    assert training["sha256"] == {"a.csv": hashlib.sha256(b"1,2\n").hexdigest()}
    assert json.loads(texts["job.json"])["hyperparameters"] == {"seed": 7, "lr": 0.1}
    compile(texts["run.py"], "run.py", "exec")


async def test_versions_are_those_of_the_start_where_they_were_recorded(jp_fetch, store) -> None:
    directory = store.ended()
    recorded = {"python": "3.9.1", "packages": {"torch": "1.0"}}
    directory.conditions_file.write_text(json.dumps(recorded))
    reply = await jp_fetch("jupyter-sdt", "jobs", directory.job_name, "bundle")
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        versions = archive.read(f"{directory.job_name}/versions.txt").decode()
    assert versions.splitlines() == ["# Python 3.9.1, when the job was started", "torch==1.0"]


@pytest.mark.slow
def test_the_job_in_a_bundle_runs_again_with_ranks_arguments_and_variables(tmp_path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    script = "import os, sys; print(os.environ['RANK'], sys.argv[1:], given)"
    first = jobs.write(
        script,
        distribution=Distribution(strategy="torch_distributed", processes_per_node=2),
        hyperparameters={"lr": 0.5},
        variables_in=("given",),
    )
    first.variables_in.mkdir(parents=True, exist_ok=True)
    (first.variables_in / "given.pickle").write_bytes(pickle.dumps("sent"))
    with zipfile.ZipFile(io.BytesIO(make_bundle(first))) as archive:
        archive.extractall(tmp_path / "moved")
    command = [sys.executable, str(tmp_path / "moved" / first.job_name / "run.py")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    expected = [f"[rank {rank}] {rank} ['--lr', '0.5'] sent" for rank in (0, 1)]
    assert sorted(ended.stdout.splitlines()[1:]) == expected
