"""docs/errors.md is true: each row's mistake is made, and its message, class and end compared."""

from __future__ import annotations

import importlib

import pytest
from errors.afterwards import CHECKS
from errors.bench import Bench
from errors.registry import SCENARIOS
from errors.table import PAGE, Row, fits, literal_characters, read_rows

MODULES = (
    *("magic_line", "cell", "estimator", "distribution", "inputs", "launch", "ranks"),
    *("ending", "lookup"),
)
for name in MODULES:
    importlib.import_module(f"errors.scenarios.{name}")

ROWS = list(read_rows(PAGE.read_text()))


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
def test_a_mistake_gets_the_message_of_its_row(row: Row, bench: Bench) -> None:
    error = what_is_raised(row, bench)
    assert type(error).__name__ == row.kind, error
    assert fits(row.message, str(error)), str(error)
    CHECKS[row.then](bench)


def test_every_row_has_a_scenario_and_every_scenario_a_row() -> None:
    ids = [row.id for row in ROWS]
    assert sorted(ids) == sorted(SCENARIOS)


def test_the_table_holds_at_least_forty_rows_and_says_something_in_each() -> None:
    assert len(ROWS) >= 40
    assert [row.id for row in ROWS if literal_characters(row.message) < 20] == []


def test_a_message_that_differs_does_not_fit() -> None:
    assert fits("rank <n> failed: `a`", "rank 1 failed: `a`")
    assert not fits("rank <n> failed", "rank 1 failed: and more")
    assert not fits("2 ranks", "3 ranks")
    assert fits("first\nsecond <n>", "first\n    second 2\n")


def test_a_table_is_read_with_its_stage_and_escapes() -> None:
    text = (
        "## Cell\n\n| row | b |\n|---|---|\n| `x-y` | w | `E` | `a\\|b`<br>`c` | It ends. So. |\n"
    )
    assert list(read_rows(text)) == [Row("x-y", "Cell", "E", "a|b\nc", "It ends")]


def what_is_raised(row: Row, bench: Bench) -> BaseException | None:
    """The exception that the row's scenario ends in, or the warning that it returns."""
    try:
        return SCENARIOS[row.id](bench)
    except (AssertionError, pytest.skip.Exception, pytest.fail.Exception):
        raise
    except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt is one of the rows
        return error
