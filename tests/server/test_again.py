"""A job once more: the same spec started again, and written as a cell."""

import asyncio
import json
import pickle
from dataclasses import replace

import pytest
from contract_shapes import examples, shape_errors
from support import Jobs

from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator import CellSource, Estimator
from jupyter_sdt.server.again import as_cell, next_name, run_again
from jupyter_sdt.server.starting import read_launch
from jupyter_sdt.spec.job_spec import Cell, StudyPoint
from jupyter_sdt.store.job_directory import job_directory

CELL = """
%%sdt_train --processes 2 --launcher python --name twice --hp lr=0.5 --hp "note=a b" --env WHO=me
import os, sys
left = "left-" + os.environ["RANK"]
print(sys.argv[1:], os.environ["WHO"], os.path.exists(left))
open(left, "w").close()
"""


async def wait(directory) -> str:
    return (await asyncio.to_thread(Jobs.wait, directory)).status


async def test_a_job_runs_again_with_spec_and_source_but_not_with_what_it_left(ask) -> None:
    await ask("POST", "jobs", {"cell": CELL, "notebook": "a.ipynb", "execution_count": 3})
    first = job_directory("twice")
    assert await wait(first) == "Completed"
    status, summary = await ask("POST", "jobs/twice/rerun")
    assert (status, summary["job_name"], summary["source"]) == (201, "twice-2", "notebook")
    again = job_directory("twice-2")
    assert await wait(again) == "Completed"
    own = {"job_name": "twice", "created_seconds": first.read_spec().created_seconds}
    assert replace(again.read_spec(), **own) == first.read_spec()
    assert again.log(0).read_text() == first.log(0).read_text()
    assert "False" in again.log(0).read_text()


async def test_an_unknown_job_does_not_run_again(ask) -> None:
    assert (await ask("POST", "jobs/none/rerun"))[0] == 404
    assert (await ask("GET", "jobs/none/cell"))[0] == 404


def test_variables_travel_again_and_a_study_is_left(jobs_folder) -> None:
    point = StudyPoint(study_name="s", world_size=1, repeat=0, scaling="strong")
    job = Estimator(launcher="python").start(
        job_name="s-n1",
        cell=CellSource(source="print(data)"),
        variables={"data": pickle.dumps([1, 2])},
        variables_out=("data",),
        study=point,
    )
    Jobs.wait(job.directory)
    again = run_again(job.directory)
    assert Jobs.wait(again).status == "Completed"
    assert again.log(0).read_text() == "[1, 2]\n"
    assert (again.read_spec().study, again.read_spec().variables_out) == (None, ("data",))


def test_a_secret_comes_from_the_environment_or_is_asked_for(jobs_folder, monkeypatch) -> None:
    source = "import os\nprint(len(os.environ['API_KEY']))"
    estimator = Estimator(launcher="python", environment={"API_KEY": "hush"})
    first = estimator.start(job_name="secret", cell=CellSource(source=source)).directory
    Jobs.wait(first)
    monkeypatch.delenv("API_KEY", raising=False)
    with pytest.raises(SpecError, match="API_KEY was given"):
        run_again(first)
    monkeypatch.setenv("API_KEY", "hush!")
    again = run_again(first)
    assert Jobs.wait(again).status == "Completed"
    assert again.log(0).read_text() == "5\n"
    cell = as_cell(first)
    assert "--env 'API_KEY=$API_KEY'" in cell["cell"]
    assert "API_KEY" in cell["messages"][0]
    assert "hush" not in json.dumps(cell)


async def test_a_job_of_a_cell_is_cloned_line_for_line(ask, store) -> None:
    await ask("POST", "jobs", {"cell": CELL})
    assert await wait(job_directory("twice")) == "Completed"
    status, body = await ask("GET", "jobs/twice/cell")
    assert status == 200
    assert shape_errors(body, examples("cell")) == []
    line, _, source = body["cell"].partition("\n")
    assert source == CELL.lstrip("\n").partition("\n")[2].removesuffix("\n")
    assert line == (
        "%%sdt_train --name twice-2 --processes 2 --launcher python --hp lr=0.5 --hp 'note=a b'"
        " --env WHO=me"
    )


def test_a_clone_asks_for_what_the_job_was_given(jobs_folder, tmp_path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").touch()
    (tmp_path / "requirements.txt").write_text("torch\n")
    estimator = Estimator(
        instance_count=2,
        distribution={"pytorchddp": {"enabled": True}},
        processes_per_node=1,
        metric_definitions=[{"Name": "loss", "Regex": r"loss=(\S+)"}],
        max_run=600,
        checkpoint_s3_uri=str(tmp_path / "checkpoints"),
    )
    source = CellSource(source="# %%sdt_train\nprint('loss=1')\n", cell=Cell())
    inputs = {"training": str(tmp_path / "data")}
    first = estimator.start(inputs, job_name="digits-7", cell=source).directory
    Jobs.wait(first)
    body = json.dumps({"cell": as_cell(first)["cell"]}).encode()
    launch = read_launch(body, tmp_path)
    assert launch.job_name == "digits-8"
    second = launch.start().directory
    Jobs.wait(second)
    was, now = first.read_spec(), second.read_spec()
    own = {"job_name": was.job_name, "created_seconds": was.created_seconds, "cell": was.cell}
    assert replace(now, **own) == was


def test_a_script_in_another_language_is_named(jobs_folder, tmp_path) -> None:
    script = tmp_path / "train.sh"
    script.write_text("echo hello\n")
    first = Estimator(entry_point=str(script)).start(job_name="shell").directory
    Jobs.wait(first)
    cell = as_cell(first)["cell"]
    assert cell.startswith("%%sdt_train --name shell-2 ")
    assert "--entry-point train.sh" in cell
    again = read_launch(json.dumps({"cell": cell}).encode(), tmp_path).start().directory
    assert Jobs.wait(again).status == "Completed"
    assert again.log(0).read_text() == "hello\n"


def test_names_count_on_or_are_of_now(jobs_folder) -> None:
    assert next_name("digits", 0) == "digits-2"
    (jobs_folder / "digits-10").mkdir(parents=True)
    assert next_name("digits-9", 0) == "digits-11"
    assert next_name("cell-2026-11-21-07-45-05-123", 0) == "cell-1970-01-01-00-00-00-000"
    longest = "a" * 63
    assert next_name(longest, 0) == "a" * 61 + "-2"
