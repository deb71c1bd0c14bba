"""Ranks that train with and without recomputation, and compare."""

import pytest

PRELUDE = """
import copy, faulthandler, warnings
faulthandler.dump_traceback_later(100)  # a hanging test says where
import torch
from torch import nn
from jupyter_sdt.errors import DistributionError, SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.activations.calls import checkpoint, checkpoint_sequential
from jupyter_sdt.runtime.modelparallel.activations.marks import set_activation_checkpointing
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.partition import set_partition
from jupyter_sdt.runtime.modelparallel.step import step

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

class Block(nn.Module):
    '''Counts how often it computes; takes and returns what its neighbours do.'''
    def __init__(self, width=8):
        super().__init__()
        self.linear, self.dropout, self.runs = nn.Linear(width, width), nn.Dropout(0.5), 0
    def forward(self, x, *, add=0.0):
        self.runs += 1
        return self.dropout(torch.tanh(self.linear(x))).exp() + add

class Net(nn.Module):
    def __init__(self, layers=5):
        super().__init__()
        self.layers, self.head = nn.Sequential(*[Block() for _ in range(layers)]), nn.Linear(8, 1)
    def forward(self, x):
        return self.head(self.layers(x))

def begin(**parameters):
    global here, rank
    here = world.start(Parameters.from_mapping(parameters))
    rank = here.rank

@step
def train_step(model, x):
    loss = model(x).square().mean()
    model.backward(loss)
    return loss

def gradients(model):
    return {name: p.grad.clone() for name, p in model.local_named_parameters()}

def check_same_gradients(model, mark, **modes):
    '''A step without recomputation, then one with it, on the same random numbers.'''
    x, found, losses = torch.randn(8, 8), [], []
    train_step(model, x)
    for recompute in (False, True):
        if recompute:
            mark()
        model.zero_grad()
        for module in model.modules():
            module.runs = 0
        torch.manual_seed(7)
        losses.append(train_step(model, x).stack())
        found.append(gradients(model))
    torch.testing.assert_close(*losses, rtol=0, atol=0)
    torch.testing.assert_close(*found, rtol=1e-12, atol=0)

def runs(module):
    return [part.runs for part in module.modules() if isinstance(part, Block)]
"""


@pytest.fixture
def agree(job):
    """Run a body on so many ranks, which must all end well."""

    def run(body, ranks=1):
        job.run(PRELUDE + body, ranks=ranks, timeout=150)
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    return run
