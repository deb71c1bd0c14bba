"""Starting jobs from the server: real supervisors, real ranks."""

import asyncio
import json
import os
import sys

import pytest
from contract_shapes import examples, shape_errors
from server_support import next_message
from support import Jobs

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.store.job_directory import job_directory

CELL = """
%%sdt_train --launcher python --name from-cell --hp lr=0.5 --out result
import sys
%matplotlib inline
result = sys.argv[1:]
print(*result)
"""


async def wait(directory) -> str:
    return (await asyncio.to_thread(Jobs.wait, directory)).status


async def test_a_cell_is_started_as_the_magic_would(ask, listen, jp_root_dir) -> None:
    (jp_root_dir / "work").mkdir()
    body = {"cell": CELL, "notebook": "work/a.ipynb", "execution_count": 7}
    status, summary = await ask("POST", "jobs", body)
    assert (status, summary["job_name"], summary["source"]) == (201, "from-cell", "notebook")
    assert shape_errors(summary, [examples("job_summary")[i] for i in (0, 1)]) == []
    directory = job_directory("from-cell")
    assert await wait(directory) == "Completed"
    job = TrainingJob(directory)
    assert job.outputs() == {"result": ["--lr", "0.5"]}
    assert job.spec.cell.label == "Cell In[7]"
    source = (directory.source / "entry_point.py").read_text().splitlines()
    assert source.index("result = sys.argv[1:]") == CELL.splitlines().index("result = sys.argv[1:]")


async def test_arguments_with_a_source_start_a_job_that_the_stream_follows(ask, listen) -> None:
    arguments = {"launcher": "python", "environment": {"WHO": "me"}}
    body = {"arguments": arguments, "source": "import os\nprint(os.environ['WHO'])\n"}
    status, _ = await ask("POST", "jobs", {**body, "job_name": "from-form"})
    assert status == 201
    socket = await listen("from-form")
    assert (await next_message(socket, "end")) == {"kind": "end"}
    status, page = await ask("GET", "jobs/from-form/logs", rank=0)
    assert (status, page["lines"]) == (200, ["me"])
    assert shape_errors(page, examples("logs")) == []
    assert (await ask("GET", "jobs/from-form"))[1]["summary"]["status"] == "Completed"


async def test_relative_paths_count_from_the_notebooks_folder(ask, jp_root_dir) -> None:
    folder = jp_root_dir / "work"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "a.txt").write_text("hello")
    (folder / "train.py").write_text(
        "import os, pathlib\n"
        "print(pathlib.Path(os.environ['SM_CHANNEL_TRAINING'], 'a.txt').read_text())\n"
    )
    body = {
        "arguments": {"entry_point": "train.py", "launcher": "python"},
        "inputs": {"training": "./data"},
        "job_name": "anchored",
        "notebook": "work/a.ipynb",
    }
    status, summary = await ask("POST", "jobs", body)
    assert (status, summary["source"]) == (201, "file")
    assert await wait(job_directory("anchored")) == "Completed"
    assert job_directory("anchored").log(0).read_text() == "hello\n"


async def test_a_name_that_is_taken_is_a_conflict(ask, store) -> None:
    store.running()
    body = {"arguments": {"launcher": "python"}, "source": "pass", "job_name": "job-1"}
    status, refusal = await ask("POST", "jobs", body)
    assert (status, refusal["argument"]) == (409, "job_name")
    assert "taken" in refusal["message"]


async def test_the_plan_is_drawn_and_nothing_is_started(ask, jobs_folder) -> None:
    cell = "%%sdt_train --processes 2 --instance-count 2 --name p\n%matplotlib inline\nx = 1\n"
    status, body = await ask("POST", "plan", {"cell": cell})
    assert status == 200
    assert body.keys() == examples("plan")[0].keys()
    places = [(p["rank"], p["node"], p["local_rank"]) for p in body["layout"]]
    assert places == [(0, "algo-1", 0), (1, "algo-1", 1), (2, "algo-2", 0), (3, "algo-2", 1)]
    assert shape_errors(body["layout"], [examples("plan")[0]["layout"]]) == []
    assert body["plan"]["world_size"] == 4
    assert body["page"].startswith("p: ")
    assert "matplotlib" in body["messages"][0]
    assert not jobs_folder.exists()


async def test_secrets_stay_out_of_the_plan(ask) -> None:
    arguments = {"environment": {"API_KEY": "hush"}, "processes_per_node": 2}
    status, body = await ask("POST", "plan", {"arguments": arguments, "source": "pass"})
    assert status == 200
    assert "hush" not in str(body)


async def test_degrees_are_understood_as_the_magic_does(ask) -> None:
    arguments = {"distribution": "pipeline=2,tensor=2"}
    _, body = await ask("POST", "plan", {"arguments": arguments, "source": "pass"})
    assert body["plan"]["world_size"] == 4


async def test_the_forms_short_word_for_a_distribution_is_understood(ask) -> None:
    arguments = {"distribution": "torch_distributed", "processes_per_node": 3}
    _, body = await ask("POST", "plan", {"arguments": arguments, "source": "pass"})
    assert body["plan"]["world_size"] == 3


REFUSED = {
    "no object": ([], "", "must be a JSON object"),
    "nothing": ({}, "cell", "give cell"),
    "unknown key": ({"cel": ""}, "cel", "no such key"),
    "wrong type": ({"cell": 3}, "cell", "must be text"),
    "both": ({"cell": "", "arguments": {}}, "arguments", "cannot both"),
    "no magic": ({"cell": "x = 1"}, "cell", "must begin with %%sdt_train"),
    "empty": ({"cell": ""}, "cell", "must begin with %%sdt_train"),
    "bad flag": ({"cell": "%%sdt_train --procesess 2\nx=1"}, "--procesess", "no such flag"),
    "syntax": ({"cell": "%%sdt_train\nx = (\n"}, "cell", "line 2"),
    "no code": ({"cell": "%%sdt_train\n"}, "cell", "no code"),
    "kernel variable": ({"cell": "%%sdt_train --hp lr=$lr\nx=1"}, "$lr", "kernel"),
    "--in": ({"cell": "%%sdt_train --in a\nx=1"}, "--in", "kernel"),
    "--scale": ({"cell": "%%sdt_train --scale 1,2\nx=1"}, "--scale", "kernel"),
    "unknown keyword": ({"arguments": {"lr": 1}, "source": ""}, "lr", "lr"),
    "no script": ({"arguments": {}}, "entry_point", "entry_point"),
    "bad source": ({"arguments": {}, "source": "x = ("}, "source", "source"),
    "wrong number": (
        {"arguments": {"processes_per_node": "two"}, "source": "pass"},
        "processes_per_node",
        "processes_per_node",
    ),
    "outside": ({"cell": "%%sdt_train\nx=1", "notebook": "../../a.ipynb"}, "notebook", "below"),
    "bad name": (
        {"arguments": {}, "source": "pass", "job_name": "../x"},
        "job_name",
        "job_name='../x'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("path", ["jobs", "plan"])
async def test_a_request_that_cannot_be_right_is_refused(ask, jobs_folder, path, case) -> None:
    body, argument, words = REFUSED[case]
    status, refusal = await ask("POST", path, body)
    assert (status, refusal["argument"]) == (422, argument)
    assert words in refusal["message"]
    assert not jobs_folder.exists()


async def test_a_draft_is_refused_in_the_answer(ask) -> None:
    body, argument, words = REFUSED["bad flag"]
    status, answer = await ask("POST", "plan", body, draft=1)
    assert (status, answer["refusal"]["argument"]) == (200, argument)
    assert words in answer["refusal"]["message"]
    good = {"cell": "%%sdt_train\nx = 1"}
    assert (await ask("POST", "plan", good, draft=1))[1]["plan"]["world_size"] == 1


async def test_a_body_that_is_no_json_is_refused(jp_fetch) -> None:
    found = await jp_fetch("jupyter-sdt", "jobs", method="POST", body="{", raise_error=False)
    assert (found.code, "not JSON" in json.loads(found.body)["message"]) == (422, True)


async def test_what_cannot_be_started_here_is_a_502(ask, monkeypatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    arguments = {"output_path": "s3://bucket/models"}
    status, refusal = await ask("POST", "plan", {"arguments": arguments, "source": "pass"})
    assert status == 502
    assert "AWS_REGION" in refusal["message"]


async def test_a_job_survives_the_server_that_started_it(tmp_path, jobs_folder) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    source = f"open({str(gate)!r}).read()\nprint(7)"
    body = {"arguments": {"launcher": "python"}, "job_name": "alone", "source": source}
    code = """
import pathlib, sys
from jupyter_sdt.server.starting import read_launch
read_launch(sys.argv[1].encode(), pathlib.Path("/")).start()
"""
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", code, json.dumps(body))
    assert await server.wait() == 0
    directory = job_directory("alone")
    assert directory.supervised()
    await asyncio.to_thread(gate.write_text, "go")
    assert await wait(directory) == "Completed"
    assert directory.log(0).read_text() == "7\n"
