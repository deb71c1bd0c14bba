"""Cutting sequences: against every possible cut."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as some

from jupyter_sdt.runtime.modelparallel.partition.cuts import cut_evenly, part_costs, smallest_bound

ROUNDING = 1 + 1e-9
prices = some.one_of(
    some.floats(0, 1e6, allow_subnormal=False), some.integers(0, 5).map(float), some.just(0.0)
)


@some.composite
def sequences(draw):
    costs = draw(some.lists(prices, min_size=1, max_size=9))
    parts = draw(some.integers(1, len(costs)))
    count = len(costs)
    penalties = draw(some.lists(some.integers(0, 3).map(float), min_size=count, max_size=count))
    return costs, penalties, parts


def all_cuts(costs, parts):
    return list(combinations(range(1, len(costs)), parts - 1))


@given(sequences())
def test_the_bound_is_that_of_the_best_of_all_cuts(sequence):
    costs, _, parts = sequence
    best = min(max(part_costs(costs, cut)) for cut in all_cuts(costs, parts))
    assert abs(smallest_bound(costs, parts) - best) <= 1e-9 * max(costs)


@given(sequences(), some.sampled_from([0.0, 0.04, 0.5]))
def test_no_allowed_cut_has_a_smaller_penalty_and_none_with_the_same_is_more_even(sequence, slack):
    costs, penalties, parts = sequence
    cut = cut_evenly(costs, penalties, parts, slack)
    bound = min(max(part_costs(costs, other)) for other in all_cuts(costs, parts)) * (1 + slack)
    assert max(part_costs(costs, cut)) <= bound * ROUNDING

    def penalty(other):
        return sum(penalties[start] for start in other)

    allowed = [c for c in all_cuts(costs, parts) if max(part_costs(costs, c)) <= bound / ROUNDING]
    for other in allowed:
        assert penalty(cut) <= penalty(other)
        if penalty(other) == penalty(cut):
            assert max(part_costs(costs, cut)) <= max(part_costs(costs, other)) * ROUNDING


@given(sequences())
def test_no_part_is_empty_and_the_parts_are_in_order(sequence):
    costs, penalties, parts = sequence
    cut = cut_evenly(costs, penalties, parts)
    bounds = (0, *cut, len(costs))
    assert len(cut) == parts - 1
    assert all(before < after for before, after in pairwise(bounds))
    assert cut == cut_evenly(costs, penalties, parts)


def test_equal_items_are_cut_into_equal_parts():
    assert cut_evenly([1.0] * 12, [0.0] * 12, 4) == (3, 6, 9)


def test_items_without_any_cost_are_cut_too():
    assert len(cut_evenly([0.0] * 5, [0.0] * 5, 3)) == 2


def test_a_boundary_with_a_smaller_penalty_is_taken_where_it_costs_next_to_nothing():
    costs = [1.0] * 100
    penalties = [2.0] * 100
    penalties[51] = 1.0
    assert cut_evenly(costs, penalties, 2) == (51,)
    penalties[51], penalties[60] = 2.0, 1.0  # 20 % more is not next to nothing
    assert cut_evenly(costs, penalties, 2) == (50,)


def test_long_sequences_are_cut_in_no_time():
    costs = [1.0 + number % 7 for number in range(5000)]
    cut = cut_evenly(costs, [1.0] * 5000, 16)
    assert max(part_costs(costs, cut)) <= 1.01 * sum(costs) / 16
