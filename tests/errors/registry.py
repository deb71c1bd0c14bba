"""Scenarios by row id: the function ``unknown_flag`` belongs to the row ``unknown-flag``."""

from __future__ import annotations

from collections.abc import Callable

from errors.bench import Bench

Scenario = Callable[[Bench], BaseException | None]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """Enter a function that makes one mistake and raises, or returns, what the user gets."""
    name = function.__name__.replace("_", "-")
    assert name not in SCENARIOS, f"two scenarios for {name}"
    SCENARIOS[name] = function
    return function
