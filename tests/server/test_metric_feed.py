import math

import pytest
from server_support import record

from jupyter_sdt.errors import SpecError
from jupyter_sdt.server.metric_feed import MetricFeed, to_json
from jupyter_sdt.spec.metric import MetricRecord


def steps(feed: MetricFeed) -> list[tuple[int, int | None]]:
    return [(r.rank, r.step) for r in feed.read()]


def test_a_cursor_goes_on_in_every_file(store) -> None:
    directory = store.running()
    record(directory, 1)
    record(directory, 1, rank=1)
    feed = MetricFeed(directory)
    assert steps(feed) == [(0, 1), (1, 1)]
    record(directory, 2, rank=1)
    record(directory, 3, rank=10)
    assert steps(MetricFeed(directory, feed.cursor)) == [(1, 2), (10, 3)]


def test_the_cursor_of_nothing_begins_at_the_beginning(store) -> None:
    directory = store.running()
    cursor = MetricFeed(directory).cursor
    record(directory, 1)
    for since in (cursor, "", "0"):
        assert steps(MetricFeed(directory, since)) == [(0, 1)]


def test_a_large_file_comes_in_pieces_that_join(store) -> None:
    directory = store.running()
    line = MetricRecord(time=1.0, rank=0, step=1, values={"loss": 0.5}).to_line()
    count = 3 * 2**20 // len(line)
    directory.metric(0).write_bytes(line * count)
    feed, sizes = MetricFeed(directory), []
    while records := feed.read():
        sizes.append(len(records))
        # The next piece is read by somebody who knows the cursor alone.
        feed = MetricFeed(directory, feed.cursor)
    assert sum(sizes) == count
    assert len(sizes) >= 3
    assert max(sizes) < 2 * 2**20 // len(line)


def test_more_asks_to_be_read_again_at_once(store) -> None:
    directory = store.running()
    line = MetricRecord(time=1.0, rank=0, step=1, values={"loss": 0.5}).to_line()
    directory.metric(0).write_bytes(line * (2**21 // len(line)))
    feed = MetricFeed(directory)
    assert (bool(feed.read()), feed.more) == (True, True)
    while feed.more:
        feed.read()
    assert feed.read() == []


@pytest.mark.parametrize(
    "cursor",
    ["x~", "abc~rank-0", "abc~../x:1", "abc~rank-0:-1", "abc~rank-0:1e3", "abc~a/b:1"],
)
def test_a_cursor_that_was_never_given_is_refused(store, cursor: str) -> None:
    with pytest.raises(SpecError, match="since="):
        MetricFeed(store.running(), cursor)


def test_files_of_other_names_are_not_opened(store, tmp_path) -> None:
    directory = store.running()
    (directory.metrics / "a b.jsonl").write_text('{"time":1,"rank":0,"values":{}}\n')
    assert MetricFeed(directory).read() == []


def test_what_json_cannot_carry_becomes_null() -> None:
    values = {"nan": math.nan, "infinite": math.inf, "none": None, "text": "x", "huge": 10**400}
    body = to_json(MetricRecord(time=math.nan, rank=0, step=None, values={**values, "one": 1}))
    assert body["time"] == 0.0
    assert body["values"] == {"nan": None, "infinite": None, "none": None, "huge": None, "one": 1}
