import asyncio
import json
import os
import threading
import time
from dataclasses import asdict

import pytest
from contract_shapes import examples, shape_errors
from server_support import record

from jupyter_sdt.spec.billing import Billing
from jupyter_sdt.spec.cost import CostEstimate
from jupyter_sdt.spec.job_spec import Cell, StudyPoint
from jupyter_sdt.spec.job_status import JobState


async def test_an_empty_store_has_no_jobs(ask) -> None:
    assert await ask("GET", "jobs") == (200, {"jobs": [], "total": 0, "running": []})


async def test_jobs_are_listed_newest_first_with_their_latest_values(ask, store) -> None:
    old = store.ended()
    new = store.running(cell=Cell(execution_count=3))
    os.utime(old.spec_file, (1, 1))
    record(new, 7, loss=0.5, samples_per_second=100.0, total_steps=9)
    record(new, 7, rank=1, loss=0.25, samples_per_second=50.0)
    _, body = await ask("GET", "jobs")
    assert [job["job_name"] for job in body["jobs"]] == [new.job_name, old.job_name]
    assert shape_errors(body["jobs"], [examples("job_summary")]) == []
    first = body["jobs"][0]
    assert (first["status"], first["step"], first["total_steps"]) == ("InProgress", 7, 9)
    assert (first["loss"], first["samples_per_second"]) == (0.375, 150.0)
    assert [job["source"] for job in body["jobs"]] == ["notebook", "file"]


async def test_the_list_is_limited_and_filtered(ask, store) -> None:
    store.ended()
    point = StudyPoint(study_name="Digits-Scaling", world_size=2, repeat=0, scaling="strong")
    study = store.running(study=point)
    store.ended("Failed")

    async def names(**params):
        return [job["job_name"] for job in (await ask("GET", "jobs", **params))[1]["jobs"]]

    assert len(await names(limit=2)) == 2
    assert await names(limit=0) == []
    assert await names(status="InProgress") == [study.job_name]
    assert await names(search="digits") == [study.job_name]
    assert await names(search="JOB-3", status="Failed") == ["job-3"]
    body = (await ask("GET", "jobs", limit=1, status="Failed"))[1]
    assert (body["total"], [job["job_name"] for job in body["running"]]) == (1, [study.job_name])
    assert (await ask("GET", "jobs", limit=1))[1]["total"] == 3


async def test_an_ended_job_is_listed_anew_after_its_name_was_taken_again(ask, store) -> None:
    directory = store.ended()
    assert (await ask("GET", "jobs"))[1]["jobs"][0]["status"] == "Completed"
    await ask("DELETE", f"jobs/{directory.job_name}")
    store.jobs.count -= 1
    assert store.running() == directory
    assert (await ask("GET", "jobs"))[1]["jobs"][0]["status"] == "InProgress"


async def test_a_damaged_job_is_listed_as_lost_and_hides_no_other(ask, store) -> None:
    good, bad = store.running(), store.running()
    bad.spec_file.write_text("{")
    _, body = await ask("GET", "jobs")
    assert {job["job_name"] for job in body["jobs"]} == {good.job_name, bad.job_name}
    lost = next(job for job in body["jobs"] if job["job_name"] == bad.job_name)
    assert lost["secondary_status"] == "Lost"
    assert "damaged" in lost["failure_reason"]


async def test_the_detail_tells_of_every_rank_and_of_the_plan(ask, store) -> None:
    directory = store.running(cell=Cell(execution_count=7))
    record(directory, 5, loss=0.5, step_seconds=0.25)
    directory.process(1).write_text(json.dumps({"rank": 1, "node": "algo-1", "exit_code": 3}))
    directory.plan_file.write_text(json.dumps({"launcher": "nursery"}))
    status, body = await ask("GET", f"jobs/{directory.job_name}")
    assert status == 200
    assert body.keys() == examples("job_detail")[0].keys()
    first, second = body["ranks"]
    assert (first["step"], first["step_seconds"], first["exit_code"]) == (5, 0.25, None)
    assert (second["step"], second["exit_code"]) == (None, 3)
    assert body["plan"] == {"launcher": "nursery"}
    assert body["spec"]["distribution"]["processes_per_node"] == 2
    assert body["error"] is None


async def test_the_detail_tells_the_estimate_and_the_cost_so_far(ask, store) -> None:
    directory = store.running(instance_type="ml.g5.xlarge")
    billing = Billing(hourly_price=3.6, sources=("my own price",), spot=True)
    began = time.time() - 100
    directory.write_state(JobState(billing=billing).enter("Training", began))
    estimate = CostEstimate(
        instances={"ml.g5.xlarge": 1}, max_run_seconds=3600, hourly_price=3.6, sources=("mine",)
    )
    directory.plan_file.write_text(json.dumps({"estimate": {**asdict(estimate), "newer": 1}}))
    _, body = await ask("GET", f"jobs/{directory.job_name}")
    cost = body["summary"]["cost"]
    assert shape_errors(body["summary"], [*examples("job_summary")]) == []
    assert (cost["counting"], cost["hourly_price"], cost["spot"]) == (True, 3.6, True)
    assert 100 <= cost["seconds"] < 400
    assert (body["estimate"]["most"], body["estimate"]["typical"]) == (3.6, None)
    assert shape_errors(body["estimate"], [e["estimate"] for e in examples("plan")]) == []
    directory.plan_file.write_text(json.dumps({"estimate": [3]}))
    assert (await ask("GET", f"jobs/{directory.job_name}"))[1]["estimate"] is None


async def test_the_detail_of_a_failed_job_points_into_the_cell(ask, store) -> None:
    directory = store.running(cell=Cell(execution_count=7))
    report = {"rank": 1, "time": 1.0, "type": "ValueError", "message": "bad batch"}
    report |= {"traceback": "Cell In[7], line 12", "cell_line": 12, "exit_code": 1}
    directory.error(1).write_text(json.dumps(report))
    store.end(directory, "Failed", failure_reason="rank 1 failed", exit_code=1, failed_rank=1)
    error = (await ask("GET", f"jobs/{directory.job_name}"))[1]["error"]
    expected = [example["error"] for example in examples("job_detail")]
    assert shape_errors(error, expected) == []
    assert (error["rank"], error["type"], error["message"]) == (1, "ValueError", "bad batch")
    assert (error["cell_line"], error["cell_label"]) == (12, "Cell In[7]")


async def test_a_job_whose_supervisor_died_is_told_as_lost(ask, store) -> None:
    directory = store.running()
    os.close(store.locks.pop())
    summary = (await ask("GET", f"jobs/{directory.job_name}"))[1]["summary"]
    assert (summary["status"], summary["secondary_status"]) == ("Failed", "Lost")


async def test_stop_asks_the_supervisor_and_shows_the_deadline(ask, store) -> None:
    directory = store.running(stop_seconds=30)
    status, summary = await ask("POST", f"jobs/{directory.job_name}/stop")
    assert status == 202
    assert directory.stop_file.exists()
    assert summary["deadline_seconds"] is None
    store.end(directory, "Stopping")
    began = directory.read_state().transitions[-1].start_seconds
    summary = (await ask("GET", f"jobs/{directory.job_name}"))[1]["summary"]
    assert summary["deadline_seconds"] == began + 30
    assert shape_errors(summary, examples("job_summary")) == []


async def test_a_running_job_is_not_deleted_but_an_ended_one_is(ask, store) -> None:
    directory = store.running()
    status, body = await ask("DELETE", f"jobs/{directory.job_name}")
    assert (status, directory.path.exists()) == (409, True)
    assert "stop it first" in body["message"]
    store.end(directory)
    assert await ask("DELETE", f"jobs/{directory.job_name}") == (204, None)
    assert list(store.jobs.root.iterdir()) == []
    assert (await ask("DELETE", f"jobs/{directory.job_name}"))[0] == 404


@pytest.mark.parametrize("path", ["", "/logs", "/metrics", "/series"])
async def test_an_unknown_job_is_a_404_with_the_nearest_name(ask, store, path: str) -> None:
    store.running()
    status, body = await ask("GET", f"jobs/job-11{path}")
    assert (status, body["message"]) == (404, "no job 'job-11'")
    assert body["hint"] == "did you mean 'job-1'?"
    assert shape_errors(body, examples("error")) == []


async def test_metrics_go_on_from_the_cursor(ask, store) -> None:
    directory = store.running()
    record(directory, 1)
    _, first = await ask("GET", f"jobs/{directory.job_name}/metrics", since="0")
    assert (
        shape_errors(
            first["records"][0],
            [
                *examples("metric_record")[:1],
                {**examples("metric_record")[0], "values": {"loss": 1.0}},
            ],
        )
        == []
    )
    record(directory, 2)
    _, second = await ask("GET", f"jobs/{directory.job_name}/metrics", since=first["cursor"])
    steps = [[r["step"] for r in body["records"]] for body in (first, second)]
    assert (steps, second["more"]) == ([[1], [2]], False)


async def test_series_are_thinned_and_their_cursor_continues(ask, store) -> None:
    directory = store.running()
    for step in range(1, 41):
        record(directory, step, loss=100.0 if step == 20 else 1 / step)
    _, body = await ask("GET", f"jobs/{directory.job_name}/series", points=8)
    assert shape_errors(body, examples("series")) == []
    (curve,) = body["series"]
    assert (curve["name"], curve["rank"], curve["total_points"]) == ("loss", 0, 40)
    assert len(curve["values"]) <= 8
    assert 100.0 in curve["values"]
    record(directory, 41)
    path = f"jobs/{directory.job_name}/metrics"
    _, rest = await ask("GET", path, since=body["cursor"])
    assert [r["step"] for r in rest["records"]] == [41]


@pytest.mark.parametrize(
    ("path", "params", "argument"),
    [
        ("", {"limit": "many"}, "limit"),
        ("", {"limit": -1}, "limit"),
        ("/job-1/logs", {"rank": 2}, "rank"),
        ("/job-1/logs", {"rank": "../0"}, "rank"),
        ("/job-1/logs", {"limit": 10**9}, "limit"),
        ("/job-1/metrics", {"since": "../../etc"}, "since"),
        ("/job-1/series", {"points": 1}, "points"),
    ],
)
async def test_a_query_that_cannot_be_right_names_its_argument(
    ask, store, path, params, argument
) -> None:
    store.running()
    status, body = await ask("GET", f"jobs{path}", **params)
    assert (status, body["argument"]) == (422, argument)
    assert argument in body["message"]


async def test_reading_a_job_does_not_hold_up_the_others(ask, store, monkeypatch) -> None:
    directory = store.running()
    ready, released = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(*_):
        loop.call_soon_threadsafe(ready.set)
        released.wait(10)
        return {"cursor": "", "series": []}

    monkeypatch.setattr("jupyter_sdt.server.job_handlers.read_curves", slow)
    waiting = asyncio.ensure_future(ask("GET", f"jobs/{directory.job_name}/series"))
    await ready.wait()
    assert (await ask("GET", "jobs"))[0] == 200
    assert not waiting.done()
    released.set()
    assert (await waiting)[0] == 200


async def test_an_unexpected_error_tells_the_browser_nothing(ask, store, monkeypatch) -> None:
    store.running()

    def broken(*_):
        raise RuntimeError("token=abc")

    monkeypatch.setattr("jupyter_sdt.server.job_handlers.job_detail", broken)
    assert await ask("GET", "jobs/job-1") == (500, {"message": "", "hint": "", "argument": ""})
