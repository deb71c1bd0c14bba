"""Ranks of tiny jobs, as in tests/runtime."""

import json

import pytest
from older_transformers import ALWAYS_TESTED, BESIDE, older_transformers
from runtime.conftest import job, warm_server

from jupyter_sdt.rehearsal import rehearse

__all__ = ["horovod", "job", "warm_server"]

HOROVOD = """
    import torch
    import horovod.torch as hvd
    hvd.init()
    rank, size = hvd.rank(), hvd.size()
    everyone = range(size)

    def refused(function, kind, words):
        try:
            function()
        except kind as error:
            assert words in str(error), error
        else:
            raise AssertionError(f"not refused: {words}")
"""


@pytest.fixture
def horovod(job):
    """Run the body of a script after ``hvd.init()``; every rank must come through."""

    def run(body, ranks=2, **options):
        job.run(HOROVOD + body, ranks=ranks, **options)
        assert job.codes == [0] * ranks, job.log() + job.log(ranks - 1)
        return job

    run.job = job
    return run


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
    """Run a script's body on ranks with ``parameters``; every rank must come through.

    ``folder`` is where it finds its checkpoints.
    """

    def start(body, ranks=2, folder=None, **parameters):
        variables = {"SM_HP_MP_PARAMETERS": json.dumps(parameters)}
        if folder is not None:
            variables["CHECKPOINTS"] = str(folder / "checkpoints")
        job.write("entry_point.py", SMP + body)
        job.start("entry_point.py", ranks=ranks, environment=variables, timeout=150)

    def run(body, ranks=2, folder=None, **parameters):
        start(body, ranks, folder, **parameters)
        job.wait()
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    run.start = start
    return run


@pytest.fixture
def rehearsed_aws():
    """The address of a rehearsed S3."""
    with rehearse() as service:
        yield service.url


def pytest_generate_tests(metafunc):
    """Versions of transformers: the installed one, and older ones."""
    if "hugging_face" in metafunc.fixturenames:
        every = metafunc.config.getoption("--all-transformers")
        versions = ["installed", *(BESIDE if every else ALWAYS_TESTED)]
        metafunc.parametrize("hugging_face", versions, indirect=True, scope="session")


@pytest.fixture(scope="session")
def hugging_face(request):
    """The variables of a job that trains with a version of transformers, without any network."""
    offline = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "TQDM_DISABLE": "1"}
    if request.param == "installed":
        pytest.importorskip("transformers")
        pytest.importorskip("accelerate")
        return offline
    cache = request.config.cache.mkdir("older-transformers")
    folder = older_transformers(request.param, cache)
    # They end with an error where TensorFlow lies beside, whose Keras is newer than they are.
    return offline | {"PYTHONPATH": str(folder), "USE_TF": "0"}
