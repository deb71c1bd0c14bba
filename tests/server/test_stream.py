import asyncio
import json
import os

import pytest
from contract_shapes import examples, shape_errors
from server_support import next_message, record

from jupyter_sdt.server import stream


async def steps_until(socket, last: int) -> tuple[list[int], str]:
    """Steps of all records up to ``last``, and the cursor behind them."""
    steps, cursor = [], ""
    while not steps or steps[-1] < last:
        message = await next_message(socket, "records")
        steps += [record["step"] for record in message["records"]]
        cursor = message["cursor"]
    return steps, cursor


async def test_state_comes_first_then_records_as_they_are_written(listen, store) -> None:
    directory = store.running()
    record(directory, 1)
    socket = await listen(directory.job_name)
    first, second = await next_message(socket), await next_message(socket)
    assert (first["kind"], first["summary"]["step"]) == ("state", 1)
    assert [r["step"] for r in second["records"]] == [1]
    record(directory, 2, accuracy=None)
    third = await next_message(socket, "records")
    assert [r["values"] for r in third["records"]] == [{"accuracy": None}]
    assert shape_errors(first["summary"], examples("job_summary")) == []
    kinds = {example["kind"]: example.keys() for example in examples("stream_message")}
    assert {m["kind"]: m.keys() for m in (first, second)} | {"end": {"kind"}} == kinds


async def test_a_reconnect_loses_no_record_and_doubles_none(listen, store) -> None:
    directory = store.running()
    for step in range(1, 51):
        record(directory, step)
    socket = await listen(directory.job_name)
    before, cursor = await steps_until(socket, 50)
    socket.close()
    for step in range(51, 101):
        record(directory, step)
    again = await listen(directory.job_name, since=cursor)
    after, _ = await steps_until(again, 100)
    assert before + after == list(range(1, 101))


async def test_a_line_written_in_two_halves_is_sent_once_and_whole(listen, store) -> None:
    directory = store.running()
    socket = await listen(directory.job_name)
    await next_message(socket, "state")
    record(directory, 1)
    whole = directory.metric(0).read_bytes()
    with directory.metric(0).open("ab") as file:
        file.write(whole[:20])
        file.flush()
        message = await next_message(socket, "records")
        assert len(message["records"]) == 1
        file.write(whole[20:])
    assert len((await next_message(socket, "records"))["records"]) == 1


async def test_several_browsers_see_the_same(listen, store) -> None:
    directory = store.running()
    sockets = [await listen(directory.job_name) for _ in range(3)]
    for step in range(1, 11):
        record(directory, step)
    seen = [(await steps_until(socket, 10))[0] for socket in sockets]
    assert seen == [list(range(1, 11))] * 3


async def test_the_end_comes_after_the_last_record_and_the_socket_closes(listen, store) -> None:
    directory = store.running()
    socket = await listen(directory.job_name)
    await next_message(socket, "state")
    record(directory, 1)
    store.end(directory)
    messages = []
    while message := await next_message(socket):
        messages.append(message)
    assert [m["kind"] for m in messages][-1] == "end"
    assert {"state", "records"} <= {m["kind"] for m in messages}
    states = [m["summary"]["status"] for m in messages if m["kind"] == "state"]
    assert states[-1] == "Completed"
    assert socket.close_code == stream.ENDED


async def test_a_job_deleted_while_it_is_watched_is_unknown_from_then_on(listen, store) -> None:
    directory = store.running()
    socket = await listen(directory.job_name)
    await next_message(socket, "state")
    directory.path.rename(directory.path.with_name(".gone"))
    while message := await next_message(socket):
        assert message["kind"] != "end"
    assert socket.close_code == stream.UNKNOWN_JOB


async def test_a_job_that_cannot_be_read_has_not_ended(listen, store) -> None:
    directory = store.running()
    written = directory.spec_file.stat().st_mtime_ns
    directory.spec_file.write_text('{"from": "a newer version"}')
    os.utime(directory.spec_file, ns=(written, written))
    socket = await listen(directory.job_name)
    assert await next_message(socket) is None
    assert socket.close_code == stream.FAILED


async def test_a_cursor_of_a_deleted_job_begins_anew_in_the_next_of_its_name(
    ask, listen, store
) -> None:
    directory = store.running()
    record(directory, 1)
    _, cursor = await steps_until(await listen(directory.job_name), 1)
    store.end(directory)
    await ask("DELETE", f"jobs/{directory.job_name}")
    store.jobs.count -= 1
    record(store.running(), 1)
    steps, _ = await steps_until(await listen(directory.job_name, since=cursor), 1)
    assert steps == [1]


@pytest.mark.parametrize(
    ("job_name", "since", "code"),
    [("job-9", "", stream.UNKNOWN_JOB), ("job-1", "nonsense!", stream.BAD_REQUEST)],
)
async def test_what_cannot_be_followed_is_refused_by_its_close_code(
    listen, store, job_name: str, since: str, code: int
) -> None:
    store.running()
    socket = await listen(job_name, since=since)
    assert await next_message(socket) is None
    assert socket.close_code == code


async def test_status_is_told_once_while_nothing_changes(listen, store, monkeypatch) -> None:
    monkeypatch.setattr("jupyter_sdt.server.watching._TELL_SECONDS", 0.0)
    directory = store.running()
    socket = await listen(directory.job_name)
    await next_message(socket, "state")
    record(directory, 1)
    kinds = [(await next_message(socket))["kind"] for _ in range(2)]
    assert sorted(kinds) == ["records", "state"]


async def test_a_slow_browser_gets_fewer_larger_messages(listen, store, monkeypatch) -> None:
    looked, sent, released = [], asyncio.Event(), asyncio.Event()
    write, messages = stream.StreamHandler.write_message, stream._messages

    async def slow(self, message):
        await write(self, message)
        if "records" in json.loads(message) and not released.is_set():
            sent.set()
            await released.wait()

    monkeypatch.setattr(stream.StreamHandler, "write_message", slow)
    monkeypatch.setattr(stream, "_messages", lambda watch: looked.append(1) or messages(watch))
    directory = store.running()
    record(directory, 1)
    socket = await listen(directory.job_name)
    await sent.wait()
    count = len(looked)
    for step in range(2, 501):
        record(directory, step)
    # Whoever looked at the files meanwhile would have to keep what they hold.
    await asyncio.sleep(2 * stream.POLL_SECONDS)
    assert len(looked) == count
    released.set()
    await next_message(socket, "records")
    message = await next_message(socket, "records")
    assert [r["step"] for r in message["records"]] == list(range(2, 501))


async def test_closing_the_browser_ends_the_looking(listen, store, monkeypatch) -> None:
    tasks = []
    follow = stream.StreamHandler._follow

    async def noted(self, name):
        tasks.append(self)
        await follow(self, name)

    monkeypatch.setattr(stream.StreamHandler, "_follow", noted)
    socket = await listen(store.running().job_name)
    await next_message(socket, "state")
    socket.close()
    async with asyncio.timeout(5):
        while not tasks[0]._task.done():
            await asyncio.sleep(0.01)
