"""Layouts against the placements that SageMaker documents."""

from __future__ import annotations

from itertools import permutations

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.layout import Coordinate, Layout

TWO_OF_EACH = {"data_parallel_size": 2, "pipeline_parallel_size": 2, "tensor_parallel_size": 2}


def test_without_degrees_every_rank_is_a_replica():
    layout = Layout.for_world_size(4)
    assert (layout.data_parallel_size, layout.world_size) == (4, 4)
    assert layout.groups("data") == ((0, 1, 2, 3),)


def test_cluster_puts_tensor_peers_side_by_side():
    layout = Layout(**TWO_OF_EACH, placement="cluster")
    for rank in range(8):
        place = layout.coordinate(rank)
        assert rank == 4 * place.data_rank + 2 * place.pipeline_rank + place.tensor_rank
    assert layout.groups("tensor") == ((0, 1), (2, 3), (4, 5), (6, 7))


def test_the_right_most_letter_of_a_permutation_changes_fastest():
    layout = Layout(**TWO_OF_EACH, placement="PTD")
    for rank in range(8):
        place = layout.coordinate(rank)
        assert rank == 4 * place.pipeline_rank + 2 * place.tensor_rank + place.data_rank


@pytest.mark.parametrize(
    ("placement", "copies"),
    [
        ("spread", ((0, 4), (1, 5), (2, 6), (3, 7))),
        ("cluster", ((0, 1), (2, 3), (4, 5), (6, 7))),
    ],
)
def test_spread_and_cluster_without_tensor_parallelism(placement, copies):
    layout = Layout.for_world_size(8, pipeline_parallel_size=2, placement=placement)
    assert layout.groups("pipeline", "tensor") == copies


@pytest.mark.parametrize("letters", ["".join(p) for p in permutations("DPT")])
def test_rank_and_coordinate_are_inverse_and_groups_partition_the_world(letters):
    layout = Layout(
        data_parallel_size=3, pipeline_parallel_size=2, tensor_parallel_size=4, placement=letters
    )
    assert [layout.rank(layout.coordinate(rank)) for rank in range(24)] == list(range(24))
    for axes, size in {
        ("data",): 3,
        ("pipeline",): 2,
        ("tensor",): 4,
        ("data", "tensor"): 12,
    }.items():
        groups = layout.groups(*axes)
        assert sorted(rank for group in groups for rank in group) == list(range(24))
        assert {len(group) for group in groups} == {size}
        assert all(list(group) == sorted(group) for group in groups)


def test_the_group_of_a_rank_holds_it():
    layout = Layout(**TWO_OF_EACH)
    assert layout.group(5, "tensor") == (4, 5)
    assert layout.group(5, "data") == (1, 5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Layout.for_world_size(6, pipeline_parallel_size=2, tensor_parallel_size=2),
            ["world_size=6", "= 4", "the nearest are 4 and 8"],
        ),
        (lambda: Layout.for_world_size(2, pipeline_parallel_size=4), ["2", "the nearest is 4"]),
        (lambda: Layout(tensor_parallel_size=0), ["tensor_parallel_size=0", "at least 1"]),
        (lambda: Layout(placement="clustr"), ["'clustr'", "did you mean 'cluster'?"]),
        (lambda: Layout(placement="DPP"), ["'DPP'", "permutation"]),
        (lambda: Layout().coordinate(1), ["rank=1", "from 0 to 0"]),
        (lambda: Layout().rank(Coordinate(0, 1, 0)), ["pipeline_rank=1", "size is 1"]),
    ],
)
def test_what_does_not_fit_is_refused_with_both_numbers(make, words):
    with pytest.raises(SpecError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value
