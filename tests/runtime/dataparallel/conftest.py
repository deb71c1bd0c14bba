"""Scripts for forked ranks that compare the smddp backend with gloo."""

import pytest

PRELUDE = """
import os, sys, signal, time
import torch, torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
import jupyter_sdt.runtime.dataparallel as dataparallel

ReduceOp = dist.ReduceOp
dist.init_process_group("smddp")
rank, size = dist.get_rank(), dist.get_world_size()
gloo = dist.new_group(backend="gloo")

def seeded(numel, dtype, seed):
    generator = torch.Generator().manual_seed(1000 * seed + rank)
    if dtype == torch.bool:
        return torch.randint(0, 2, (numel,), generator=generator).bool()
    if dtype.is_floating_point:
        return (torch.rand(numel, generator=generator) + 0.5).to(dtype)
    return torch.randint(1, 5, (numel,), generator=generator).to(dtype)

def same_everywhere(tensor):
    parts = [torch.empty_like(tensor) for _ in range(size)]
    dist.all_gather(parts, tensor.contiguous(), group=gloo)
    assert all(torch.equal(part, parts[0]) for part in parts)

def close(ours, theirs):
    if ours.dtype in (torch.float16, torch.bfloat16):
        torch.testing.assert_close(ours, theirs, rtol=0.02 * size, atol=0.02 * size)
    else:
        torch.testing.assert_close(ours, theirs)
"""

# Our DDP beside torch's over gloo.
DDP = """
import copy, pickle
from torch.nn.parallel import DistributedDataParallel as Torchs
from jupyter_sdt.runtime.dataparallel import DistributedDataParallel as Ours

SMALL = 0.1  # megabytes: six buffers of the model below, large enough for shared memory

def plain():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(100, 300), nn.ReLU(), nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 7)
    )

generator = torch.Generator().manual_seed(10 + rank)
batches = [torch.randn(8, 100, generator=generator) for _ in range(6)]

def loss_of(output):
    return (output if torch.is_tensor(output) else sum(output)).float().pow(2).mean()

def compare(make, run, steps=4, **options):
    pair = Ours(make(), bucket_cap_mb=SMALL, **options), Torchs(
        make(), process_group=gloo, **options
    )
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9) for net in pair]
    for step in range(steps):
        for net, optimizer in zip(pair, optimizers):
            run(net, optimizer, step)
        for ours, theirs in zip(*(net.module.parameters() for net in pair), strict=True):
            assert (ours.grad is None) == (theirs.grad is None)
            if ours.grad is not None:
                close(ours.grad, theirs.grad)
                same_everywhere(ours.grad)
            close(ours.detach(), theirs.detach())
        for ours, theirs in zip(*(net.module.buffers() for net in pair), strict=True):
            close(ours, theirs)
    return pair[0]

def step_of(net, optimizer, step, *, to_none=True, between=lambda net: None):
    optimizer.zero_grad(set_to_none=to_none)
    loss_of(net(batches[step])).backward()
    between(net)
    optimizer.step()
"""


@pytest.fixture
def run_ranks(job):
    """Run a body on so many forked ranks, all in a group ``smddp``, and return the job."""

    def run(body, ranks, **options):
        job.run(PRELUDE + body, ranks=ranks, **options)
        return job

    return run


@pytest.fixture
def agree(run_ranks):
    """As ``run_ranks``, for bodies that must end well on every rank."""

    def run(body, ranks, **options):
        job = run_ranks(body, ranks, **options)
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    return run
