from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_sdt.store.tail import CHUNK_BYTES, LONGEST_LINE, Tail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rank-0.log"


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_each_whole_line_is_handed_out_once(path):
    tail = Tail(path)
    append(path, b"one\ntwo\n")
    assert tail.read_lines() == [b"one", b"two"]
    assert tail.read_lines() == []
    append(path, b"\nthree\n")
    assert tail.read_lines() == [b"", b"three"]


def test_a_half_written_line_waits_for_its_end(path):
    tail = Tail(path)
    append(path, b"whole\nha")
    assert tail.read_lines() == [b"whole"]
    append(path, b"l")
    assert tail.read_lines() == []
    append(path, b"f\nnext")
    assert tail.read_lines() == [b"half"]
    assert tail.read_rest() == b"next"
    assert tail.read_rest() == b""
    assert tail.position == len(b"whole\nhalf\nnext")


def test_a_missing_file_has_no_lines_until_it_appears(path):
    tail = Tail(path)
    assert tail.read_lines() == []
    append(path, b"late\n")
    assert tail.read_lines() == [b"late"]


def test_a_deleted_file_has_no_lines_and_its_successor_is_read_from_the_start(path):
    tail = Tail(path)
    append(path, b"old line\n")
    tail.read_lines()
    path.unlink()
    assert tail.read_lines() == []
    append(path, b"a new file that is longer\n")
    assert tail.read_lines() == [b"a new file that is longer"]


def test_a_truncated_file_is_read_from_its_start(path):
    tail = Tail(path)
    append(path, b"a long line\npartial")
    tail.read_lines()
    path.write_bytes(b"short\n")
    assert tail.read_lines() == [b"short"]


def test_a_tail_goes_on_from_the_position_of_another(path):
    first = Tail(path)
    append(path, b"one\ntwo\nhalf")
    first.read_lines()
    append(path, b" whole\nthree\n")
    assert first.position == len(b"one\ntwo\n")
    assert Tail(path, first.position).read_lines() == [b"half whole", b"three"]


def test_a_bounded_read_brings_everything_in_the_end(path):
    lines = [b"%d" % number * 100 for number in range(5_000)]
    append(path, b"\n".join(lines) + b"\n")
    tail, found = Tail(path), []
    while new := tail.read_lines(CHUNK_BYTES):
        found += new
    assert found == lines


def test_an_endless_line_comes_in_pieces_and_is_not_kept_in_memory(path):
    append(path, b"x" * (3 * CHUNK_BYTES) + b"\nend\n")
    tail, found = Tail(path), []
    while new := tail.read_lines(CHUNK_BYTES):
        found += new
        assert len(tail._partial) <= LONGEST_LINE
    assert b"".join(found) == b"x" * (3 * CHUNK_BYTES) + b"end"
    assert tail.position == path.stat().st_size


def test_a_progress_bars_rewritten_lines_count_one_by_one(path):
    tail = Tail(path, carriage_returns=True)
    append(path, b"\r10%\r20%\r30%")
    assert tail.read_lines() == [b"", b"10%", b"20%"]
    append(path, b"\r\ndone\r\n")
    assert [line for line in tail.read_lines() if line] == [b"30%", b"done"]


def test_a_folder_in_place_of_the_file_has_no_lines(path):
    path.mkdir()
    assert Tail(path).read_lines() == []
