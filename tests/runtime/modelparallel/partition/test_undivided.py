"""Modules that the automatic partition keeps on one stage, because they are checkpointed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from runtime.modelparallel.partition.conftest import write_tree

from jupyter_sdt.runtime.modelparallel.partition.automatic import assign_automatically
from jupyter_sdt.runtime.modelparallel.partition.costs import estimate_costs, mix_costs
from jupyter_sdt.runtime.modelparallel.partition.cuts import smallest_bound
from jupyter_sdt.runtime.modelparallel.partition.units import list_units

ROUNDING = 1 + 1e-9


def blocks(sizes):
    """A tree of blocks with these sizes of their layers, and the names of the blocks."""
    rows = {"": 0}
    for number, layers in enumerate(sizes):
        rows[f"{number}"] = 0
        rows |= {f"{number}.{place}": size for place, size in enumerate(layers)}
    return write_tree(rows), [str(number) for number in range(len(sizes))]


def divided(assignment, names):
    """Which of these lie on several stages."""
    stages = assignment.stage_of
    return [
        name
        for name in names
        if len({stage for other, stage in stages.items() if other.startswith(f"{name}.")}) > 1
    ]


def best(tree, stages):
    costs = estimate_costs(tree)
    units = list_units(tree, costs, mix_costs(tree, costs, 0.8))
    return smallest_bound([unit.cost for unit in units], stages)


def test_a_block_in_the_middle_is_kept_whole_where_that_is_asked_for():
    tree, names = blocks([[8, 8]] * 7)
    usual = assign_automatically(tree, 2)
    assert usual.parameters_bytes == (56, 56)
    assert divided(usual, names) == ["3"]
    found = assign_automatically(tree, 2, undivided=names)
    assert found.parameters_bytes == (48, 64)
    assert divided(found, names) == []


def test_it_is_not_where_one_stage_would_become_too_dear():
    tree, names = blocks([[8, 8]] * 3)
    assert assign_automatically(tree, 2, undivided=names) == assign_automatically(tree, 2)


def test_what_cannot_be_helped_does_not_stand_in_the_way_of_others():
    tree, names = blocks([[8] * 2] * 4 + [[8] * 40] + [[8] * 2] * 4)
    found = assign_automatically(tree, 3, undivided=[*names, ""])
    assert divided(found, names) == ["4"]
    assert found.cost == pytest.approx((18 / 56, 19 / 56, 19 / 56), abs=0.03)


sizes = some.lists(some.lists(some.integers(1, 9), min_size=1, max_size=4), min_size=2, max_size=8)


@given(sizes, some.integers(2, 4))
def test_fewer_are_divided_and_no_stage_is_far_above_the_best(sizes, stages):
    tree, names = blocks(sizes)
    stages = min(stages, sum(map(len, sizes)))
    usual = assign_automatically(tree, stages)
    found = assign_automatically(tree, stages, undivided=names)
    assert len(divided(found, names)) <= len(divided(usual, names))
    assert max(found.cost) <= 1.2 * best(tree, stages) * ROUNDING
