"""A rank's log by line number, by what it says, and as a file."""

import os
import resource

import pytest

from jupyter_sdt.server.log_lines import LONGEST_SHOWN, line_index
from jupyter_sdt.server.log_search import search_log

TRACEBACK = """Traceback (most recent call last):
  File "a.py", line 1, in <module>
    1 / 0
ZeroDivisionError: division by zero
"""


def numbers(found) -> list[int]:
    return [match["line"] for match in found["matches"]]


def search(path, **wanted):
    defaults = {"text": "", "level": "", "cursor": 0, "limit": 100, "complete": True}
    return search_log(path, **{**defaults, **wanted})


def test_any_line_is_found_by_its_number_as_the_file_grows(tmp_path):
    path = tmp_path / "rank-0.log"
    path.write_text("".join(f"line {n} {'x' * (n % 70)}\n" for n in range(20_000)))
    index = line_index(str(path))
    for first in (0, 1, 999, 12_345, 19_999):
        page = index.lines(first, 3, complete=False)
        assert page["lines"][0].startswith(f"line {first} ")
        assert (page["total"], page["first"]) == (20_000, first)
    assert index.lines(-2, 10, complete=False)["first"] == 19_998
    with path.open("a") as file:
        file.write("one more\nhalf")
    assert index.lines(-1, 5, complete=False)["lines"] == ["one more"]
    assert index.lines(-1, 5, complete=True)["lines"] == ["half"]


def test_a_log_that_was_replaced_is_counted_anew(tmp_path):
    path = tmp_path / "rank-0.log"
    path.write_text("a\nb\nc\n")
    index = line_index(str(path))
    assert index.lines(0, 9, complete=True)["total"] == 3
    path.write_text("x\n")
    assert index.lines(0, 9, complete=True)["lines"] == ["x"]
    path.unlink()
    assert index.lines(0, 9, complete=True)["total"] == 0


def test_lines_of_any_length_are_cut_and_counted_as_one(tmp_path):
    path = tmp_path / "rank-0.log"
    path.write_bytes(b"a" * (3 << 20) + b"\nshort\n50%\r100%\n")
    index = line_index(str(path))
    first = index.lines(0, 10, complete=True)
    assert (first["total"], [len(line) for line in first["lines"]]) == (3, [LONGEST_SHOWN + 1])
    assert index.lines(1, 10, complete=True)["lines"] == ["short", "100%"]


def test_a_text_is_found_in_any_case_with_its_line_number(tmp_path):
    path = tmp_path / "rank-0.log"
    path.write_text("alpha\nBeta\nbeta gamma\n\nALPHABETA")
    assert numbers(search(path, text="beta")) == [1, 2, 4]
    assert numbers(search(path, text="beta", complete=False)) == [1, 2]
    assert search(path, text="delta")["matches"] == []


def test_errors_come_with_their_whole_traceback(tmp_path):
    path = tmp_path / "rank-0.log"
    path.write_text(f"fine\nUserWarning: old\n{TRACEBACK}after\nRuntimeError: last\n")
    assert numbers(search(path, level="error")) == [2, 3, 4, 5, 7]
    assert numbers(search(path, level="warning")) == [1, 2, 3, 4, 5, 7]
    assert numbers(search(path, level="error", text="division")) == [5]


def test_a_search_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "rank-0.log"
    path.write_text("".join(f"hit {n}\nmiss {'-' * 90}\n" for n in range(30_000)))
    found, cursor, more = [], 0, True
    while more:
        page = search(path, text="hit", cursor=cursor, limit=1)
        found, cursor, more = found + numbers(page), page["cursor"], page["more"]
    assert found == list(range(0, 60_000, 2))


@pytest.fixture
def log_of_200_megabytes(store):
    directory = store.ended()
    block = b"".join(
        b"step %07d loss 0.123456 of an ordinary line of output\n" % n for n in range(9000)
    )
    with directory.log(0).open("wb") as file:
        while file.tell() < 200_000_000:
            file.write(block)
        file.write(b"RuntimeError: the last line\n")
    yield directory
    directory.log(0).unlink()


async def test_200_megabytes_cost_neither_memory_nor_patience(
    ask, jp_fetch, log_of_200_megabytes
) -> None:
    base = f"jobs/{log_of_200_megabytes.job_name}/logs"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, page = await ask("GET", f"{base}/lines", first=2_000_000, limit=100)
    assert (page["first"], len(page["lines"])) == (2_000_000, 100)
    assert page["total"] > 3_000_000
    cursor, found = 0, []
    while True:
        _, part = await ask("GET", f"{base}/search", level="error", cursor=cursor)
        cursor, found = part["cursor"], found + part["matches"]
        if not part["more"]:
            break
    assert found == [{"line": page["total"] - 1, "text": "RuntimeError: the last line"}]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB


async def test_the_whole_log_is_downloaded_as_a_file(jp_fetch, store) -> None:
    directory = store.ended()
    content = os.urandom(1_500_000)
    directory.log(0).write_bytes(content)
    reply = await jp_fetch("jupyter-sdt", "jobs", directory.job_name, "logs", "download")
    assert reply.body == content
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="job-1-rank-0.log"'


async def test_what_cannot_be_looked_for_is_refused(ask, store) -> None:
    base = f"jobs/{store.ended().job_name}/logs"
    assert (await ask("GET", f"{base}/search"))[0] == 422
    assert (await ask("GET", f"{base}/search", level="loud"))[0] == 422
    assert (await ask("GET", f"{base}/lines", rank=9))[0] == 422
    assert (await ask("GET", f"{base}/download"))[0] == 404
