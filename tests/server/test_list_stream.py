"""The list of jobs over its socket: what changes, and answers to what a browser wants to see."""

import asyncio
import json
import time

import pytest
from contract_shapes import examples, shape_errors
from server_support import next_message, record

from jupyter_sdt.server import list_watch, stream
from jupyter_sdt.spec.billing import Billing


@pytest.fixture
def follow(jp_ws_fetch):
    """Open the socket, ask the first question, and read its answer."""
    sockets = []

    async def opened(**wanted):
        socket = await jp_ws_fetch("jupyter-sdt", "stream")
        sockets.append(socket)
        return socket, await put(socket, **wanted)

    yield opened
    for socket in sockets:
        socket.close()


async def put(socket, number: int = 1, **wanted):
    """Put a question, and read up to the answer."""
    await socket.write_message(json.dumps({"number": number, **wanted}))
    while (message := await next_message(socket, "list"))["number"] < number:
        pass
    return message


def names(message) -> list[str]:
    return [row["job_name"] for row in message["rows"]]


async def test_all_is_told_first_and_then_only_what_changes(follow, store) -> None:
    ended, running = store.ended(), store.running()
    socket, first = await follow()
    assert shape_errors({**first, "rows": []}, examples("list_message")) == []
    assert shape_errors(first["rows"], [examples("job_summary")]) == []
    assert set(names(first)) == {ended.job_name, running.job_name}
    assert (first["running"], first["total"]) == ([running.job_name], 2)
    record(running, 7)
    second = await next_message(socket)
    assert [(row["job_name"], row["step"]) for row in second["rows"]] == [(running.job_name, 7)]
    store.end(running)
    third = await next_message(socket)
    assert (third["rows"][0]["status"], third["running"]) == ("Completed", [])


async def test_jobs_that_come_and_go_are_told_while_nothing_runs(follow, store, ask) -> None:
    first = store.ended()
    socket, _ = await follow()
    second = store.ended()
    told = await next_message(socket)
    while second.job_name not in told["names"]:
        told = await next_message(socket)
    assert first.job_name not in names(told)
    await ask("DELETE", f"jobs/{first.job_name}")
    told = await next_message(socket)
    assert (told["names"], told["rows"], told["total"]) == ([second.job_name], [], 1)


async def test_another_question_on_the_same_socket_is_answered_at_once(follow, store) -> None:
    store.ended()
    failed = store.ended("Failed")
    socket, _ = await follow(limit=1)
    narrowed = await put(socket, 2, status="Failed", search="JOB")
    assert (narrowed["names"], narrowed["total"]) == ([failed.job_name], 1)
    assert (await put(socket, 3, status="Failed", search="JOB"))["rows"] == []


async def test_those_that_cost_most_come_first_when_asked_for(follow, store) -> None:
    def costing(hourly):
        directory = store.running(instance_type="ml.g5.xlarge")
        bill = Billing(hourly_price=hourly, billable_seconds=3600, training_seconds=4800)
        store.end(directory, billing=bill)
        return directory.job_name

    cheap, dear, local, unknown = costing(1.0), costing(5.0), store.ended().job_name, costing(None)
    _, told = await follow(sort="cost")
    assert told["names"] == [dear, cheap, unknown, local]
    rows = {row["job_name"]: row for row in told["rows"]}
    assert (rows[dear]["cost"]["seconds"], rows[dear]["cost"]["saved"]) == (3600, 0.25)
    assert rows[local]["cost"] is None
    assert shape_errors(told["rows"], [examples("job_summary")]) == []


async def test_what_the_clock_alone_changes_is_not_told(follow, store) -> None:
    directory = store.running(instance_type="ml.g5.xlarge")
    billed = Billing(hourly_price=3.6)
    directory.write_state(directory.read_state().enter("Training", time.time(), billing=billed))
    socket, first = await follow()
    assert first["rows"][0]["cost"]["counting"] is True
    watch = list_watch.ListWatch()
    question = stream.Question.from_text(json.dumps({"number": 1}))
    assert watch.look(question, asked=True)["rows"]
    assert watch.look(question, asked=False) is None
    record(directory, 3)
    assert (await next_message(socket))["rows"][0]["step"] == 3


def test_a_folder_in_which_nothing_happens_is_left_alone(store, monkeypatch) -> None:
    monkeypatch.setattr(list_watch, "_SETTLE_SECONDS", 0.0)
    looked, list_jobs = [], list_watch.list_jobs
    monkeypatch.setattr(list_watch, "list_jobs", lambda query: looked.append(1) or list_jobs(query))
    store.ended()
    watch, question = list_watch.ListWatch(), stream.Question.from_text(json.dumps({"number": 1}))
    watch.look(question, asked=True)
    for _ in range(9):
        watch.look(question, asked=False)
    assert len(looked) <= 2
    store.running()
    assert watch.look(question, asked=False)["total"] == 2
    assert watch.look(question, asked=False) is None  # but it was looked at: something runs


NO_QUESTIONS = [
    *("", "[]", "{}", '{"number": "1"}', '{"number": 1, "sort": "name"}', '{"number": 1, "x": 2}'),
    *('{"number": 1, "limit": -1}', '{"number": 1, "limit": true}', '{"number": 1, "search": 2}'),
]


@pytest.mark.parametrize("message", NO_QUESTIONS)
async def test_what_is_no_question_closes_the_socket(jp_ws_fetch, store, message: str) -> None:
    socket = await jp_ws_fetch("jupyter-sdt", "stream")
    await socket.write_message(message)
    assert await next_message(socket) is None
    assert socket.close_code == stream.BAD_REQUEST


async def test_nothing_is_looked_at_before_a_question_nor_after_the_end(
    jp_ws_fetch, store, monkeypatch
) -> None:
    handlers = []
    opened = stream.ListStreamHandler.open
    monkeypatch.setattr(
        stream.ListStreamHandler, "open", lambda self: handlers.append(self) or opened(self)
    )
    socket = await jp_ws_fetch("jupyter-sdt", "stream")
    assert (await put(socket))["total"] == 0
    socket.close()
    async with asyncio.timeout(5):
        while not handlers[0]._task.done():
            await asyncio.sleep(0.01)
