"""Whole scripts under the names of smdistributed.modelparallel, against one process."""

import json

import pytest

SMP = """
import os, torch
from torch import nn
from torch.nn import functional as F
import smdistributed.modelparallel.torch as smp
smp.init()

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(8, 16), nn.Tanh())
        self.norm = nn.LayerNorm(16)
        self.second = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 4))
        self.register_buffer("offset", torch.full((4,), 0.25))
    def forward(self, x):
        return self.second(self.norm(self.first(x))) + self.offset

def network():
    torch.manual_seed(7)
    return Net().double()

def batch(step, replica=0, replicas=1):
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(8, 8, generator=generator).double()
    y = torch.randn(8, 4, generator=generator).double()
    return x.chunk(replicas)[replica], y.chunk(replicas)[replica]

@smp.step
def train_step(model, x, y):
    loss = F.mse_loss(model(x), y)
    model.backward(loss)
    return loss

def train(model, optimizer, steps, first=0):
    for step in range(first, first + steps):
        optimizer.zero_grad()
        losses = train_step(model, *batch(step, smp.rdp_rank(), smp.rdp_size()))
        optimizer.step()
    return losses.reduce_mean()

def plain(steps, make=lambda p: torch.optim.Adam(p, 0.01)):
    model = network()
    optimizer = make(model.parameters())
    for step in range(steps):
        optimizer.zero_grad()
        x, y = batch(step)
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    return model, optimizer

def same(found, expected, **tolerance):
    assert list(found) == list(expected), (list(found), list(expected))
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], **tolerance)

def refused(function, kind, *words):
    try:
        function()
    except kind as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"not refused: {words}")

def made(lr=0.01):
    model = smp.DistributedModel(network())
    return model, smp.DistributedOptimizer(torch.optim.Adam(model.parameters(), lr))
"""


@pytest.fixture
def smp_script(job):
    """Run a script's body on ranks with ``parameters``; every rank must come through."""

    def run(body, ranks=2, **parameters):
        environment = {"SM_HP_MP_PARAMETERS": json.dumps(parameters)}
        job.run(SMP + body, ranks=ranks, environment=environment)
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    return run


def test_a_pipeline_with_replicas_trains_as_one_process(smp_script):
    smp_script(
        """
model, optimizer = made()
train(model, optimizer, 4)
expected, adam = plain(4)
same(model.state_dict(), expected.state_dict())
whole, right = optimizer.state_dict(), adam.state_dict()
for number, values in right["state"].items():
    torch.testing.assert_close(whole["state"][number], values)
local = {id(p) for p in model.local_parameters()}
assert {id(p) for g in optimizer.param_groups for p in g["params"]} == local
held = [p for p in optimizer.state]
assert held and {id(p) for p in held} == local
""",
        4,
        partitions=2,
        microbatches=2,
        ddp=True,
    )
