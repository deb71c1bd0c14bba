import pytest

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.hybrid_degrees import HybridDegrees


def test_tensor_peers_are_neighbours_and_shards_lie_next_to_each_other():
    degrees = HybridDegrees.of({"tensor_parallel_degree": 2, "hybrid_shard_degree": 2}, 8)
    assert degrees.tensor_groups() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert degrees.data_groups() == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert degrees.shard_groups(2) == [[0, 2], [4, 6], [1, 3], [5, 7]]
    assert degrees.replica_groups(2) == [[0, 4], [2, 6], [1, 5], [3, 7]]


def test_without_a_number_all_ranks_share_one_model():
    alone = HybridDegrees.of({}, 12)
    assert (alone.shards, alone.data_ranks) == (12, 12)
    # A script that says HYBRID_SHARD means nodes of 8 GPUs, where those divide the world.
    assert [HybridDegrees.of({}, size).shards_of_a_node for size in (4, 12, 16)] == [4, 6, 8]
    divided = HybridDegrees.of({"tensor_parallel_degree": 2}, 32)
    assert divided.shards == divided.shards_of_a_node == 16


def test_degrees_that_do_not_fit_are_refused_with_the_numbers_that_would():
    with pytest.raises(DistributionError, match=r"^6 processes .*=2 x hybrid_.*=2 = 4; .* 4 and 8"):
        HybridDegrees.of({"tensor_parallel_degree": 2, "hybrid_shard_degree": 2}, 6)
    for given, words in [
        ({"context_parallel_degree": 3}, "context_.*=3 does not divide ranks .*=4; use .*=4"),
        ({"context_parallel_degree": 4, "hybrid_shard_degree": 2}, "hybrid_.*=2; use .*=2"),
        ({"expert_parallel_degree": 8}, "expert_.*=8 does not divide ranks with .*=4; use .*=4"),
    ]:
        with pytest.raises(DistributionError, match=words):
            HybridDegrees.of(given, 4)


def test_context_and_expert_peers_are_neighbours_with_the_same_part_of_layers():
    degrees = {"tensor_parallel_degree": 2, "context_parallel_degree": 2}
    four = HybridDegrees.of(degrees | {"expert_parallel_degree": 4}, 8)
    assert four.context_groups() == [[0, 2], [4, 6], [1, 3], [5, 7]]
    assert four.batch_groups() == [[0, 4], [2, 6], [1, 5], [3, 7]]
    assert four.expert_groups() == [[0, 2, 4, 6], [1, 3, 5, 7]]
    two = HybridDegrees.of({"expert_parallel_degree": 2}, 4)
    assert two.same_expert_groups() == [[0, 2], [1, 3]]
