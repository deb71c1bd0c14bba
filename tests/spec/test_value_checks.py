from __future__ import annotations

import math

import pytest

from jupyter_sdt.spec.value_checks import (
    BOOLEAN,
    DICTIONARY,
    POSITIVE,
    TEXT,
    TEXTS,
    integer_from,
    number_from,
    one_of,
)


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (integer_from(1), [1, 9], [0, True, 1.0, "1", None]),
        (integer_from(0, 3), [0, 3], [4, -1]),
        (number_from(0.0, 1.0), [0, 0.5, 1], [1.1, -0.1, True, math.nan, "0"]),
        (POSITIVE, [0.1, 3], [0, -1, math.nan, "1"]),
        (BOOLEAN, [True, False], [0, 1, None]),
        (TEXT, ["", "a"], [b"a", None]),
        (TEXTS, [["a"], ("a", "b"), []], ["a", [1], {"a": 1}, None]),
        (DICTIONARY, [{}], [[], None]),
        (one_of("a", "b"), ["a"], ["c", [], {}]),
    ],
)
def test_a_check_knows_right_from_wrong(check, right, wrong):
    predicate, _ = check
    assert all(map(predicate, right))
    assert not any(map(predicate, wrong))


def test_the_words_go_on_after_must_be():
    words = [integer_from(1)[1], integer_from(0)[1], integer_from(1, 30)[1], number_from(0, 1)[1]]
    assert words == [
        "a positive integer",
        "an integer of at least 0",
        "an integer from 1 to 30",
        "a number between 0 and 1",
    ]
    assert one_of("a", "b")[1] == "one of 'a', 'b'"
