"""Parameters that wait for the partition: each rank makes its own, with the values of any other."""

import json

import pytest

BODY = """
from torch import nn
from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import delayed_init
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.step import step
from jupyter_sdt.runtime.modelparallel.tensor.marks import set_tensor_parallelism

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.inner = nn.ModuleList([nn.Linear(6, 8), nn.LayerNorm(8), nn.BatchNorm1d(8)])
        self.words, self.last = nn.Embedding(5, 8, padding_idx=2), nn.Linear(8, 4)
        self.extra = nn.Parameter(torch.randn(2, 2))
        nn.init.orthogonal_(self.first.weight)  # torch passes over meta tensors here
        self.words.weight.data.mul_(3)  # as older scripts write
        self.last.weight = nn.Parameter(torch.ones(4, 8))
    def forward(self, x):
        x = self.first(x)
        for layer in self.inner:
            x = layer(x)
        return self.last(x + self.words(torch.zeros(len(x)).long())) + self.extra.sum()

def network():
    with delayed_init.delay_param_initialization():
        made = Net()
        with delayed_init.delay_param_initialization(enabled=False):
            pass
    assert not nn.Linear(2, 2).weight.is_meta
    return made

torch.manual_seed(7)
whole = network()
assert whole.inner[0].weight.is_meta and not whole.last.weight.is_meta
same = [id(p) for p in whole.parameters()]
delayed_init.initialise(whole.inner)  # in any order
delayed_init.initialise(whole)
assert same == [id(p) for p in whole.parameters()]
assert whole.first.weight.std() > 0.1 and not whole.words.weight[2].any()
assert torch.allclose(whole.first.weight.T @ whole.first.weight, torch.eye(4), atol=1e-5)
assert not any(tensor.isnan().any() for tensor in whole.state_dict().values())
torch.set_default_dtype(torch.bfloat16)
with delayed_init.delay_param_initialization():
    half = nn.Linear(2, 2)
torch.set_default_dtype(torch.float32)
delayed_init.initialise(half)
assert half.weight.dtype == torch.bfloat16

with delayed_init.delay_param_initialization():
    lost = nn.Linear(2, 2)
refused(lambda: delayed_init.initialise(lost.half()), SpecError, "weight is on the meta device",
        "model.half(), belongs into the context")

torch.manual_seed(7 if rank == 0 else 8)  # the first rank's count
net = network()
set_tensor_parallelism(net.inner)
model = DistributedModel(net)

@step
def train_step(model, x):
    loss = model(x).sum()
    model.backward(loss)
    return loss

train_step(model, torch.ones(2, 4))
found = model.state_dict()
for name, value in whole.named_parameters():
    half = torch.bfloat16 if here.parameters.bf16 else torch.float32
    assert found[name].dtype == half and torch.equal(found[name], value.to(half)), name
held = sum(getattr(p, "to_local", lambda p=p: p)().numel() for p in model.parameters())
total = sum(p.numel() for p in whole.parameters())
assert held < total
assert not delayed_init.waiting(model.parameters())
"""


@pytest.mark.parametrize(
    "parameters",
    [
        {"partitions": 2, "skip_tracing": True},
        {"partitions": 2},
        {"tensor_parallel_degree": 2},
        {"sharded_data_parallel_degree": 2, "sdp_param_persistence_threshold": 30},
        {"sharded_data_parallel_degree": 2, "sdp_param_persistence_threshold": 30, "bf16": True},
        {"partitions": 2, "skip_tracing": True, "bf16": True},
    ],
    ids=json.dumps,
)
def test_every_rank_makes_what_it_holds(mp_ranks, parameters):
    mp_ranks(BODY, 2, {"ddp": True} | parameters)
