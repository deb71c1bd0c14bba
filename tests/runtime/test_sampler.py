import pytest
import torch

from jupyter_sdt.runtime.context import Context
from jupyter_sdt.runtime.sampler import DistributedSampler


def rank(number, world_size):
    return Context(
        rank=number,
        local_rank=number,
        world_size=world_size,
        local_world_size=world_size,
        node_rank=0,
        device=torch.device("cpu"),
        process_backend="gloo",
    )


def shares(size, world_size, **options):
    return [
        list(DistributedSampler(range(size), rank(number, world_size), **options))
        for number in range(world_size)
    ]


@pytest.mark.parametrize("size", [1, 7, 8, 9])
def test_evaluation_sees_every_sample_exactly_once(size):
    for options in ({"shuffle": False}, {"shuffle": True}, {"drop_last": True}):
        parts = shares(size, 4, pad=False, **options)
        assert sorted(index for part in parts for index in part) == list(range(size))


def test_training_gives_every_rank_an_equal_share():
    assert [len(part) for part in shares(9, 4)] == [3, 3, 3, 3]
    assert [len(part) for part in shares(9, 4, drop_last=True)] == [2, 2, 2, 2]


def test_each_pass_shuffles_anew_as_torch_does_for_that_epoch():
    ours = DistributedSampler(range(20), rank(1, 2), seed=3)
    torchs = torch.utils.data.DistributedSampler(range(20), num_replicas=2, rank=1, seed=3)
    passes = [list(ours), list(ours)]
    for epoch, indices in enumerate(passes):
        torchs.set_epoch(epoch)
        assert indices == list(torchs)
    assert passes[0] != passes[1]
    ours.set_epoch(0)
    assert [list(ours), list(ours)] == passes


def test_the_length_is_that_of_the_share():
    samplers = [DistributedSampler(range(7), rank(n, 4), pad=False) for n in range(4)]
    assert [len(s) for s in samplers] == [len(list(s)) for s in samplers] == [2, 2, 2, 1]
