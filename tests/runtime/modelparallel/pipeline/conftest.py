"""Forked ranks that train a model in a pipeline and compare it with one process."""

import pytest

PRELUDE = """
import copy, faulthandler, os, sys, signal, time
faulthandler.dump_traceback_later(50)  # a hanging test says where
import torch, torch.distributed as dist
from torch import nn
from torch.nn import functional as F
from jupyter_sdt.errors import StageError
from jupyter_sdt.runtime.modelparallel.pipeline.connecting import connect
from jupyter_sdt.runtime.modelparallel.pipeline.engine import Engine
from jupyter_sdt.runtime.modelparallel.pipeline.settings import Settings

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

def block(width=8):
    return nn.Sequential(nn.Linear(width, width), nn.Tanh())

class Chosen(nn.Module):
    '''As many rows as are positive: nobody can know before.'''
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)
    def forward(self, x):
        return self.linear(x)[x[:, 0] > 0]

def pipeline(model, stage_of, **settings):
    '''An engine; a module without an entry has the stage of the module above it.'''
    stages, found = {}, 0
    for name, _ in model.named_modules():
        above = stages.get(name.rpartition(".")[0], 0) if name else 0
        stages[name] = stage_of.get(name, above)
    settings = {"stages": size, "rank": rank, "seconds": 30.0} | settings
    engine = Engine(model, stages, connect(rank, dist.group.WORLD), Settings(**settings))
    engine.stage_of = stages
    return engine

def own_parameters(engine, model):
    for name, module in model.named_modules():
        if engine.stage_of[name] == rank:
            for key, parameter in module.named_parameters(recurse=False):
                yield f"{name}.{key}".lstrip("."), parameter

def train_step(engine, model, loss_of, inputs, microbatches):
    '''One step: losses of all microbatches, gradients of their mean in the parameters.'''
    parts = [tensor.chunk(microbatches) for tensor in inputs]
    def step(number):
        loss = loss_of(model, *(part[number] for part in parts))
        engine.backward([loss / microbatches], [None])
        return loss
    return engine.run_step(step, microbatches)

def plain_step(model, loss_of, inputs, microbatches):
    parts = [tensor.chunk(microbatches) for tensor in inputs]
    losses = []
    for number in range(microbatches):
        loss = loss_of(model, *(part[number] for part in parts))
        (loss / microbatches).backward()
        losses.append(loss.detach())
    return losses

def check_equal(engine, model, plain, losses, expected):
    torch.testing.assert_close(torch.stack([l.detach() for l in losses]), torch.stack(expected))
    reference = dict(plain.named_parameters(remove_duplicate=False))
    for name, parameter in own_parameters(engine, model):
        found, right = parameter.grad, reference[name].grad
        assert (found is None) == (right is None), name
        if right is not None:
            torch.testing.assert_close(found, right, msg=lambda text: f"{name}: {text}")

def compare(model, stage_of, loss_of, inputs, microbatches=4, steps=3, **settings):
    '''Train for some steps in the pipeline and in one process.'''
    plain = copy.deepcopy(model)
    engine = pipeline(model, stage_of, **settings)
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9) for m in (model, plain)]
    for _ in range(steps):
        for optimizer in optimizers:
            optimizer.zero_grad()
        losses = train_step(engine, model, loss_of, inputs, microbatches)
        expected = plain_step(plain, loss_of, inputs, microbatches)
        check_equal(engine, model, plain, losses, expected)
        for optimizer in optimizers:
            optimizer.step()
    return engine
"""


@pytest.fixture
def run_stages(job):
    """Run a body on so many forked ranks, one for each stage, and return the job."""

    def run(body, stages, **options):
        job.run(PRELUDE + body, ranks=stages, **options)
        return job

    return run


@pytest.fixture
def agree(run_stages):
    """As ``run_stages``, for bodies that must end well on every rank."""

    def run(body, stages, **options):
        job = run_stages(body, stages, **options)
        assert job.codes == [0] * stages, "\n".join(job.log(rank) for rank in range(stages))
        return job

    return run
