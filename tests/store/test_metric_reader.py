from __future__ import annotations

import math
import time

from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.metric_reader import MetricReader, parse_lines


def record(step: int, rank: int = 0, **values: float | None) -> MetricRecord:
    return MetricRecord(time=1000.0 + step, rank=rank, step=step, values=values)


def write(directory, name: str, *records: MetricRecord, end: bytes = b"") -> None:
    with (directory.metrics / name).open("ab") as file:
        file.write(b"".join(r.to_line() for r in records) + end)


def test_new_records_of_all_ranks_are_read_once(directory):
    reader = MetricReader(directory)
    write(directory, "rank-0.jsonl", record(1, loss=0.5))
    write(directory, "rank-10.jsonl", record(1, rank=10, loss=0.7))
    write(directory, "rank-9.jsonl", record(1, rank=9, loss=0.6))
    assert [r.rank for r in reader.read()] == [0, 9, 10]
    assert reader.read() == []
    write(directory, "rank-9.jsonl", record(2, rank=9, loss=0.4))
    assert reader.read() == [record(2, rank=9, loss=0.4)]


def test_a_file_that_appears_later_is_found(directory):
    reader = MetricReader(directory)
    assert reader.read() == []
    found = MetricRecord(time=1.0, rank=1, step=None, values={"acc": 0.9}, source="regex")
    write(directory, "regex.jsonl", found)
    assert reader.read() == [found]


def test_a_half_written_last_line_waits_for_its_end(directory):
    whole = record(2, loss=0.25).to_line()
    reader = MetricReader(directory)
    write(directory, "rank-0.jsonl", record(1, loss=0.5), end=whole[:20])
    assert reader.read() == [record(1, loss=0.5)]
    write(directory, "rank-0.jsonl", end=whole[20:])
    assert reader.read() == [record(2, loss=0.25)]


def test_lines_that_are_no_records_are_passed_over():
    good = record(3, loss=None)
    bad = [
        b"not json",
        b"",
        b"[1, 2]",
        b"7",
        b'{"time": 1}',
        b'{"time": "x", "rank": 0, "step": 1, "values": {}}',
        b'{"time": 1, "rank": 0, "step": "one", "values": {}}',
        b'{"time": 1, "rank": null, "step": 1, "values": {}}',
        b'{"time": 1, "rank": 0, "step": 1, "values": [1]}',
        b"\xff\xfe",
        b'{"a": 1}, {"b": 2}',
    ]
    assert list(parse_lines([good.to_line().strip(), *bad])) == [good]
    # The same without a line that breaks the fast way.
    assert list(parse_lines([good.to_line().strip(), b"7", b'{"time": 1}'])) == [good]


def test_a_reader_that_stops_early_does_not_read_the_rest_of_the_history(directory):
    write(directory, "rank-0.jsonl", *(record(step, loss=1.0) for step in range(50_000)))
    reader = MetricReader(directory)
    assert next(reader.iterate()).step == 0
    (tail,) = reader._tails.values()
    assert tail.position < directory.metric(0).stat().st_size / 3


def test_a_deleted_job_has_no_records(directory, tmp_path):
    reader = MetricReader(directory)
    write(directory, "rank-0.jsonl", record(1, loss=0.5))
    directory.path.rename(tmp_path / "elsewhere")
    assert reader.read() == []


def test_reading_costs_a_few_microseconds_a_record_and_nothing_when_nothing_is_new(directory):
    lines = [record(step, loss=math.pi, step_seconds=0.01) for step in range(100_000)]
    write(directory, "rank-0.jsonl", *lines)
    reader = MetricReader(directory)
    started = time.process_time()
    assert sum(1 for _ in reader.iterate()) == 100_000
    first, started = time.process_time() - started, time.process_time()
    assert reader.read() == []
    assert time.process_time() - started < first / 50
    assert first < 3  # 0.4 s on an idle core
