"""Ranks that train a sharded model, and one process with the whole one."""

import pytest

PRELUDE = """
import copy, faulthandler
faulthandler.dump_traceback_later(100)  # a hanging test says where
import torch, torch.distributed as dist
from torch import nn
from torch.nn import functional as F
from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.activations.marks import set_activation_checkpointing
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.step import step

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

def begin(degree, **parameters):
    global here, rank
    asked = {"ddp": True, "sharded_data_parallel_degree": degree, "microbatches": 2,
        "sdp_param_persistence_threshold": 30, "sdp_gradient_clipping": 0.05}
    here = world.start(Parameters.from_mapping(asked | parameters))
    rank = here.rank

def network(width=9):
    def block():
        wide = 4 * width
        return nn.Sequential(nn.Linear(width, wide), nn.Tanh(), nn.Linear(wide, width))
    return nn.Sequential(nn.Linear(8, width), block(), block(), nn.Linear(width, 1))

@step
def train_step(model, x, y):
    loss = F.mse_loss(model(x), y)
    model.backward(loss)
    return loss

def train(plain, model, optimizer, steps=4):
    reference = torch.optim.Adam(plain.parameters(), lr=0.01)
    for _ in range(steps):
        x, y = torch.randn(16, 8), torch.randn(16, 1)
        mine = (t.chunk(here.world_size)[rank] for t in (x, y))
        optimizer.zero_grad()
        reference.zero_grad()
        train_step(model, *mine)
        F.mse_loss(plain(x), y).backward()
        nn.utils.clip_grad_norm_(plain.parameters(), here.parameters.sdp_gradient_clipping)
        optimizer.step()
        reference.step()

def wrapped(plain):
    model = DistributedModel(copy.deepcopy(plain))
    return model, DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=0.01))
"""


@pytest.fixture
def agree(job):
    """Run a body on so many ranks, which must all end well."""

    def run(body, ranks):
        job.run(PRELUDE + body, ranks=ranks, timeout=150)
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    return run
