"""Ranks that take the same steps at slightly different times, thousands of them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from jupyter_sdt.runtime.autolog.step_grid import on_grid

INTERVAL = 0.05


def recorded(step_seconds, steps=4000, seed=0, jitter=0.3):
    """The steps one rank records, and when; each step's time varies by ``jitter``."""
    noise, now, last, last_at, found = random.Random(seed), 0.0, 1, 0.0, [(1, 0.0)]
    for step in range(2, steps + 1):
        now += step_seconds(step) * noise.uniform(1 - jitter, 1 + jitter)
        if on_grid(step, step - last, now - last_at, INTERVAL):
            last, last_at = step, now
            found.append((step, now))
    return found


@pytest.mark.parametrize("milliseconds", [0.5, 0.8, 1.56, 3.1, 7, 12.5, 24, 49, 51])
def test_ranks_record_the_same_steps_whatever_their_clocks_say(milliseconds):
    ranks = [recorded(lambda _: milliseconds / 1000, seed=seed) for seed in range(4)]
    shared = set.intersection(*({step for step, _ in rank} for rank in ranks))
    end = ranks[0][-1][1]
    assert len(shared) > min(4000, end / INTERVAL) / 5
    gaps = [b - a for a, b in pairwise(sorted(shared))]
    assert max(gaps) * milliseconds / 1000 < 5 * max(INTERVAL, milliseconds / 1000)


def test_there_is_at_most_one_record_per_interval_and_most_of_them_are_used():
    moments = [moment for _, moment in recorded(lambda _: 0.001)]
    gaps = [b - a for a, b in pairwise(moments)]
    assert min(gaps) >= INTERVAL
    assert max(gaps) < 4 * INTERVAL


def test_steps_longer_than_the_interval_are_all_recorded():
    assert len(recorded(lambda _: 0.1, steps=50, jitter=0.2)) == 50


def test_steps_that_become_slow_are_seen_at_once():
    found = recorded(lambda step: 0.001 if step < 1000 else 1.0, steps=1010)
    assert {1001, 1002, 1003} <= {step for step, _ in found}


def test_the_first_step_of_all_is_recorded():
    assert on_grid(1, 1, float("inf"), INTERVAL)
