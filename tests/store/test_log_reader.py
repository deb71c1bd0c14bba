from __future__ import annotations

from jupyter_sdt.store.log_reader import LogReader, last_lines


def log(directory, rank: int, content: str) -> None:
    with directory.log(rank).open("a") as file:
        file.write(content)


def test_new_lines_of_all_ranks_come_with_their_rank(directory):
    reader = LogReader(directory, prefixed=True)
    log(directory, 10, "ten\n")
    log(directory, 9, "nine\n")
    assert list(reader.read()) == ["[rank 9] nine", "[rank 10] ten"]
    log(directory, 9, "more\nunfinished")
    assert list(reader.read()) == ["[rank 9] more"]
    assert list(reader.finish()) == ["[rank 9] unfinished"]
    assert list(reader.finish()) == []


def test_a_single_rank_needs_no_prefix(directory):
    log(directory, 0, "one\n")
    assert list(LogReader(directory).read()) == ["one"]


def test_one_rank_can_be_read_alone(directory):
    log(directory, 0, "zero\n")
    log(directory, 1, "one\n")
    directory.launcher_log("algo-1").write_text("launcher\n")
    assert list(LogReader(directory, 1, prefixed=True).read()) == ["one"]


def test_what_a_launcher_printed_comes_with_the_nodes_name(directory):
    log(directory, 0, "zero\n")
    directory.launcher_log("algo-2").write_text("no such interface\n")
    assert list(LogReader(directory).read()) == ["zero", "[algo-2] no such interface"]


def test_of_a_rewritten_line_the_last_writing_is_shown(directory):
    log(directory, 0, "10%\r50%\r100%\nwindows\r\n")
    assert list(LogReader(directory).read()) == ["100%", "windows"]


def test_bytes_that_are_no_text_are_shown_as_such(directory):
    directory.log(0).write_bytes(b"\xffabc\n")
    assert list(LogReader(directory).read()) == ["\ufffdabc"]


def test_the_last_lines_of_a_long_log_are_found_without_reading_it_all(directory):
    directory.log(0).write_text("".join(f"line {n}\n" for n in range(100_000)))
    assert last_lines(directory.log(0), 2) == ("line 99998", "line 99999")
    assert len(last_lines(directory.log(0), 100_000)) < 10_000
    assert last_lines(directory.log(1), 20) == ()


def test_a_short_log_is_shown_whole(directory):
    log(directory, 0, "first\nlast without newline")
    assert last_lines(directory.log(0), 20) == ("first", "last without newline")
