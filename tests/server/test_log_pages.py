import os
import tracemalloc

import pytest

from jupyter_sdt.server.log_pages import read_page
from jupyter_sdt.store.tail import LONGEST_LINE


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "rank-0.log"

    def write(content: bytes):
        path.write_bytes(content)
        return path

    return write


def test_pages_follow_each_other_without_gap_or_overlap(log) -> None:
    path = log(b"".join(b"line %d\n" % number for number in range(25)))
    lines, cursor, more = [], 0, True
    while more:
        page = read_page(path, cursor, 10, complete=False)
        assert page["start"] == cursor
        lines, cursor, more = lines + page["lines"], page["cursor"], page["more"]
    assert lines == [f"line {number}" for number in range(25)]
    assert cursor == page["size"] == path.stat().st_size


def test_a_half_written_line_waits_for_its_end_unless_nobody_writes_any_more(log) -> None:
    path = log(b"whole\nhal")
    page = read_page(path, 0, 10, complete=False)
    assert (page["lines"], page["cursor"], page["more"]) == (["whole"], 6, False)
    page = read_page(path, 6, 10, complete=True)
    assert (page["lines"], page["cursor"]) == (["hal"], 9)
    assert read_page(path, 9, 10, complete=True)["lines"] == []


def test_a_negative_cursor_begins_with_the_next_whole_line(log) -> None:
    path = log(b"one\ntwo\nthree\n")
    assert read_page(path, -6, 10, complete=False)["lines"] == ["three"]
    page = read_page(path, -7, 10, complete=False)
    assert (page["lines"], page["start"]) == (["three"], 8)
    assert read_page(path, -100, 10, complete=False)["lines"] == ["one", "two", "three"]


def test_a_cursor_behind_the_end_begins_anew(log) -> None:
    page = read_page(log(b"new\n"), 1000, 10, complete=False)
    assert (page["lines"], page["start"]) == (["new"], 0)


def test_a_missing_log_is_empty(tmp_path) -> None:
    page = read_page(tmp_path / "rank-0.log", 5, 10, complete=False)
    assert page == {"start": 0, "cursor": 0, "size": 0, "lines": [], "more": False}


def test_of_a_progress_bar_the_last_word_is_shown_and_bad_bytes_do_not_matter(log) -> None:
    path = log(b"10%\r50%\r100%\r\nna\xffive\n\n")
    assert read_page(path, 0, 10, complete=False)["lines"] == ["100%", "na\ufffdive", ""]


@pytest.mark.parametrize("size", [LONGEST_LINE, 5 * LONGEST_LINE])
def test_a_line_without_an_end_is_handed_out_in_pieces(log, size: int) -> None:
    path = log(b"x" * size)
    page = read_page(path, 0, 10, complete=False)
    assert [len(line) for line in page["lines"]] == [LONGEST_LINE]
    assert page["cursor"] == LONGEST_LINE
    text, cursor = "", 0
    while cursor < size:
        page = read_page(path, cursor, 10, complete=True)
        text, cursor = text + "".join(page["lines"]), page["cursor"]
    assert len(text) == size


def test_of_a_200_megabyte_log_only_a_page_is_in_memory(tmp_path) -> None:
    path = tmp_path / "rank-0.log"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)  # sparse
        file.seek(0, os.SEEK_END)
        file.write(b"\nthe end\n")
    tracemalloc.start()
    page = read_page(path, -100, 1000, complete=False)
    middle = read_page(path, 100 * 2**20, 1000, complete=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert page["lines"] == ["the end"]
    assert middle["more"]
    assert peak < 10 * 2**20
