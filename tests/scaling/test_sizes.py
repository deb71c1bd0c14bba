import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.scaling.sizes import check_capacity, check_world_sizes, divided_batch


def test_sizes_are_sorted_and_each_is_kept_once():
    assert check_world_sizes([4, 1, 2, 4], 1) == (1, 2, 4)


@pytest.mark.parametrize(
    ("sizes", "nodes", "message"),
    [
        ([], 1, "at least one"),
        ([0, 2], 1, "holds 0"),
        ([1.5], 1, "holds 1.5"),
        ([True], 1, "holds True"),
        (["2"], 1, "holds '2'"),
        ([2, 5], 2, r"holds 5.*instance_count=2.*nearest that can be is 4"),
        ([1], 2, r"nearest that can be is 2"),
    ],
)
def test_impossible_sizes_are_refused_by_name(sizes, nodes, message):
    with pytest.raises(SpecError, match=message) as caught:
        check_world_sizes(sizes, nodes)
    assert caught.value.argument == "world_sizes"


def test_more_ranks_than_cores_are_refused_with_both_numbers_and_what_fits():
    with pytest.raises(SpecError, match=r"4 ranks need 4 cores.* has 2 .*world_sizes=\[1, 2\]"):
        check_capacity((1, 2, 4), 2, "cores")
    check_capacity((1, 2), 2, "cores")


def test_a_global_batch_is_divided_among_the_ranks():
    assert divided_batch({"batch_size": 96}, "batch_size", (1, 2, 3)) == {1: 96, 2: 48, 3: 32}


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"batch-size": 96}, r"not among .*did you mean 'batch-size'"),
        ({"batch_size": 50}, r"batch_size=50 cannot be divided among 4 ranks.*take 52"),
        ({"batch_size": "96"}, r"batch_size='96' has to be a whole number"),
    ],
)
def test_a_batch_that_cannot_be_divided_is_refused(hyperparameters, message):
    with pytest.raises(SpecError, match=message):
        divided_batch(hyperparameters, "batch_size", (1, 2, 4))
