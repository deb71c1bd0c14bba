"""Ranks that run smp's step and model, and what one process computes."""

import pytest

PRELUDE = """
import copy, faulthandler, os, sys
faulthandler.dump_traceback_later(50)  # a hanging test says where
import torch, torch.distributed as dist
from torch import nn
from torch.nn import functional as F
from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.step import step
from jupyter_sdt.runtime.modelparallel.step_output import StepOutput

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

def begin(**parameters):
    global here, rank
    here = world.start(Parameters.from_mapping(parameters))
    rank = here.rank

def network(width=8, layers=4):
    blocks = [nn.Sequential(nn.Linear(width, width), nn.Tanh()) for _ in range(layers)]
    return nn.Sequential(*blocks, nn.Linear(width, 1))

def check_gradients(model, plain):
    reference = dict(plain.named_parameters())
    for name, parameter in model.local_named_parameters():
        torch.testing.assert_close(parameter.grad, reference[name].grad)

def train(steps=10, batch=16, **options):
    '''Ten steps of smp and of plain torch on the batches of all replicas together.'''
    plain = network()
    model = DistributedModel(copy.deepcopy(plain), **options)
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9) for m in (model, plain)]
    replicas, replica = here.group("dp").size, here.group("dp").rank

    @step
    def train_step(model, x, y):
        loss = F.mse_loss(model(x), y)
        model.backward(loss)
        return loss, len(x)

    for _ in range(steps):
        x, y = torch.randn(batch, 8), torch.randn(batch, 1)
        for optimizer in optimizers:
            optimizer.zero_grad()
        mine = (t.chunk(replicas)[replica] for t in (x, y))
        losses, lengths = train_step(model, *mine)
        assert lengths == [batch // replicas // here.parameters.microbatches] * len(lengths)
        mean = losses.reduce_mean()
        dist.all_reduce(mean, group=here.group("dp").process_group)
        expected = F.mse_loss(plain(x), y)
        expected.backward()
        torch.testing.assert_close(mean / replicas, expected.detach())
        check_gradients(model, plain)
        for optimizer in optimizers:
            optimizer.step()
    return model
"""


@pytest.fixture
def agree(job):
    """Run a body on so many ranks, which must all end well."""

    def run(body, ranks, **options):
        job.run(PRELUDE + body, ranks=ranks, **options)
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    return run
