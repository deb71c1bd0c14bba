"""The words behind the small magics."""

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.notebook.words import ATTACH, JOBS, LOGS, STOP


def test_a_name_may_be_left_out():
    assert LOGS.read("").name is None
    assert STOP.read("digits-1").name == "digits-1"


def test_logs_take_a_rank_a_length_and_follow():
    given = LOGS.read("digits-1 --rank 1 --tail 5 --follow")
    assert (given.name, given.rank, given.tail, given.follow) == ("digits-1", 1, 5, True)


def test_defaults_are_stated():
    assert (LOGS.read("").tail, LOGS.read("").rank, JOBS.read("").last) == (100, None, 20)
    assert ATTACH.read("").no_wait is False
    assert ATTACH.read("--no-wait").no_wait is True


def test_a_period_is_counted_in_seconds():
    given = JOBS.read("--remote --since 2d --name digits --status Failed --region eu-west-1")
    assert (given.remote, given.since, given.name) == (True, 172_800, "digits")
    assert (given.status, given.region) == ("Failed", "eu-west-1")
    assert [JOBS.read(f"--since {text}").since for text in ("30min", "6h")] == [1800, 21_600]


@pytest.mark.parametrize(
    ("words", "line", "message"),
    [
        (LOGS, "--rank x", "%sdt_logs: argument --rank: invalid int value: 'x'"),
        (LOGS, "a b", "%sdt_logs: unrecognized arguments: b"),
        (LOGS, "--foll", "%sdt_logs: unrecognized arguments: --foll"),
        (STOP, "--force", "%sdt_stop: unrecognized arguments: --force"),
        (JOBS, "--last", "%sdt_jobs: argument --last: expected one argument"),
        (JOBS, "--since 2w", "%sdt_jobs: argument --since: '2w' is no period such as 30min, 6h or"),
        (JOBS, "--last 0", "%sdt_jobs: argument --last: '0' is not a whole number of at least 1"),
        (LOGS, "--tail=-3", "%sdt_logs: argument --tail: '-3' is not a whole number of at least 1"),
        (ATTACH, "'a", "%sdt_attach: No closing quotation"),
    ],
)
def test_a_mistake_is_a_sentence_with_the_usage(words, line, message):
    with pytest.raises(SpecError) as caught:
        words.read(line)
    assert str(caught.value).startswith(message)
    assert f"usage: {words.prog}" in str(caught.value)
