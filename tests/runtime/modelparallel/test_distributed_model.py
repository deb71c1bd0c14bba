"""smp's step and model on real ranks: the same losses and gradients as one process."""

import json

import pytest

PRELUDE = """
import copy, os, sys
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


@pytest.mark.parametrize("pipeline", ["simple", "interleaved"])
def test_two_stages_train_like_one_process(agree, pipeline):
    job = agree(f"begin(partitions=2, microbatches=4, pipeline={pipeline!r}); train()", 2)
    partition = json.loads((job.path / "partition.json").read_text())
    assert partition["stages"] == 2
    assert {row["stage"] for row in partition["modules"]} == {0, 1}
    schedule = json.loads((job.path / "schedule.json").read_text())
    assert (schedule["stages"], schedule["microbatches"]) == (2, 4)
    done = {(row["stage"], row["microbatch"], row["kind"]) for row in schedule["tasks"]}
    assert done == {(s, m, k) for s in (0, 1) for m in range(4) for k in ("forward", "backward")}
    assert all(row["start"] < row["end"] for row in schedule["tasks"])
    assert "Partition assignments:" in job.log(0)


@pytest.mark.parametrize("placement", ["cluster", "spread"])
def test_two_replicas_of_two_stages_train_like_one_process(agree, placement):
    agree(
        f"begin(partitions=2, microbatches=2, ddp=True, placement_strategy={placement!r}); train()",
        4,
    )


def test_two_replicas_of_one_stage_train_like_one_process(agree):
    agree("begin(partitions=1, microbatches=4, ddp=True); train()", 2)


def test_one_process_alone(agree):
    agree("begin(microbatches=2); train()", 1)


def test_replicas_serve_in_one_order_where_asked(agree):
    body = """
begin(partitions=2, microbatches=4, ddp=True, deterministic_server=True)
from jupyter_sdt.runtime.modelparallel.pipeline.loop import Loop
steps, resume = [], Loop._resume
def recorded(self, task):
    steps.append((self.post.step, task.microbatch, task.phase))
    if here.group("dp").rank and task.microbatch == 1:
        sum(range(100000))  # this replica takes longer
    resume(self, task)
Loop._resume = recorded
train(3)
everybody = [None] * 4
dist.all_gather_object(everybody, steps)
mine = here.group("dp").ranks
assert len(steps) > 12 and everybody[mine[0]] == everybody[mine[1]]
"""
    agree(body, 4)
