"""The log of a job on SageMaker, copied here whatever stands in the way."""

from __future__ import annotations

import pytest
from aws_support import record

from jupyter_sdt.launch.remote import follower as remote_follower
from jupyter_sdt.launch.remote import logs as remote_logs
from jupyter_sdt.launch.remote.service import LogPage


def test_logs_that_may_not_be_read_do_not_end_anything(bench):
    bench.refuse("DescribeLogStreams", "AccessDeniedException", "no")
    assert bench.poll() is None
    assert "add logs:DescribeLogStreams" in bench.backend.news().notes[0]


def test_streams_and_events_are_read_page_by_page(bench, directed):
    streams = [f"{bench.name}/algo-{node}-1" for node in range(1, 61)]
    for stream in streams:
        directed.write_log(stream, ["first", record(7, 1, loss=1.0)])
    logs = bench.backend.follower.logs
    logs.find_streams()
    assert bench.count("DescribeLogStreams") == 2  # 50 a page
    assert logs.copy() == 120
    directed.write_log(streams[-1], ["second"])
    assert logs.copy() == 1
    assert bench.directory.log(59).read_text() == "first\nsecond\n"
    assert len(bench.directory.metric(7).read_text().splitlines()) == 60


def test_a_page_that_finds_no_room_is_copied_whole_when_there_is_some(bench, directed):
    directed.write_log(f"{bench.name}/algo-1-1", ["first", record(7, 1, loss=1.0)])
    full = bench.directory.metric(7)
    full.symlink_to("/dev/full")
    assert bench.poll() is None
    (note,) = bench.backend.news().notes
    assert f"{bench.directory.path} cannot be written: No space left on device; make room" in note
    assert bench.directory.log(0).read_text() == ""
    full.unlink()
    assert bench.poll() is None
    assert bench.backend.news().notes == ()
    assert bench.directory.log(0).read_text() == "first\n"
    assert len(full.read_text().splitlines()) == 1


def test_no_stream_waits_for_ever_when_only_one_call_is_allowed(bench, directed, monkeypatch):
    nodes = range(1, 4)
    for node in nodes:
        directed.write_log(f"{bench.name}/algo-{node}-1", [f"node {node}"])
    logs = bench.backend.follower.logs
    logs.find_streams()
    monkeypatch.setattr(remote_logs, "_MOST_PAGES", 1)
    allowed, ask = [], logs.service.log_page

    def asked(stream: str, token: str = "") -> LogPage:
        if len(allowed) % 2:
            allowed.append("")
            raise OSError("one too many")
        allowed.append(stream)
        return ask(stream, token)

    monkeypatch.setattr(logs.service, "log_page", asked)
    for _ in nodes:
        with pytest.raises(OSError, match="one too many"):
            logs.copy()
    assert [bench.directory.log(node - 1).read_text() for node in nodes] == [
        f"node {node}\n" for node in nodes
    ]


@pytest.mark.parametrize("refusals", [2, 9])
def test_the_end_of_a_log_is_waited_for_a_while(bench, directed, monkeypatch, refusals):
    monkeypatch.setattr(remote_follower, "LAST_PAUSES", (0.0,) * 3)
    directed.write_log(f"{bench.name}/algo-1-1", ["last words"])
    bench.enter("Completed")
    bench.refuse("GetLogEvents", "ThrottlingException", "Rate exceeded", times=refusals)
    assert bench.poll().exit_code == 0
    missing = "the end of the log could not be read: CloudWatch has it"
    assert (missing in bench.backend.news().notes) == (refusals > 5)
    assert bench.directory.log(0).exists() == (refusals < 5)
    bench.rehearsal.trouble.forget()
