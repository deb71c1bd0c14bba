"""Ranks that train one model under several kinds of parallelism, beside one process."""

import pytest

PRELUDE = """
import copy, faulthandler
faulthandler.dump_traceback_later(140)  # a hanging test says where
import torch, torch.distributed as dist
from torch.nn import functional as F
from jupyter_sdt.runtime.modelparallel import parameters, world
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.step import step
from jupyter_sdt.runtime.modelparallel.tensor.marks import set_tensor_parallelism

here = world.start(parameters.read())
rank, data = here.rank, here.group("dp")
torch.set_default_dtype(DTYPE)
torch.manual_seed(0)

def parallel(plain, **scaling):
    script.__init__()
    divided = copy.deepcopy(plain)
    set_tensor_parallelism(divided, True, {})
    model = DistributedModel(divided)
    return model, DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=0.01), **scaling)

def theirs(state):
    for to_theirs, _ in script.module_manager.translate_functions:
        state = to_theirs(state)
    return state

def close(model, plain, **tolerance):
    if here.group("rdp").rank == 0 or here.parameters.sharded:
        found = theirs(model.state_dict())
        for name, value in plain.state_dict().items():
            torch.testing.assert_close(
                found[name].to(value), value, msg=lambda t: f"{name}: {t}", **tolerance)
"""


@pytest.fixture
def together(mp_ranks):
    """Run a body on ranks with ``parameters``, in float64 or ``dtype``; all must come through."""

    def run(body, ranks, parameters, *, dtype="torch.float64"):
        asked = {"ddp": True, "tensor_parallel_degree": 2} | parameters
        return mp_ranks(PRELUDE.replace("DTYPE", dtype) + body, ranks, asked, prelude="")

    return run
