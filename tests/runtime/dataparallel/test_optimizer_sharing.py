"""A shared optimizer does what the plain one does, and each rank only a part of the work."""

import pytest

TWINS = """
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 300), nn.ReLU(), nn.Linear(300, 301), nn.Linear(301, 4))

def twins(make):
    ours, theirs = (DistributedDataParallel(net()) for _ in range(2))
    return (ours, dataparallel.share_optimizer(make(ours))), (theirs, make(theirs))

generator = torch.Generator().manual_seed(rank)
def step(pairs, clip=None):
    x = torch.randn(8, 64, generator=generator)
    for model, optimizer in pairs:
        optimizer.zero_grad()
        model(x).square().mean().backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()

def equal(pairs):
    (ours, optimizer), (theirs, other) = pairs
    assert all(map(torch.equal, ours.parameters(), theirs.parameters()))
    mine, state = optimizer.state_dict(), other.state_dict()
    assert mine["param_groups"] == state["param_groups"]
    assert mine["state"].keys() == state["state"].keys()
    for number, values in state["state"].items():
        for name, value in values.items():
            assert torch.equal(torch.as_tensor(mine["state"][number][name]), torch.as_tensor(value))
"""

SAME = """
optim = torch.optim
for make in (
    lambda m: optim.AdamW(m.parameters(), lr=0.01, fused=True),
    lambda m: optim.SGD(m.parameters(), lr=0.01),
    lambda m: optim.SGD(m.parameters(), lr=0.01, momentum=0.9, nesterov=True),
    lambda m: optim.RMSprop(m.parameters(), lr=0.001),
    lambda m: optim.NAdam(m.parameters(), lr=0.001),
    lambda m: optim.Adam(
        [{"params": [p for p in m.parameters() if p.ndim == 1], "weight_decay": 0.1},
         {"params": [p for p in m.parameters() if p.ndim > 1], "lr": 0.02}], amsgrad=True),
):
    pairs = twins(make)
    for _ in range(3):
        step(pairs, clip=0.5)
    equal(pairs)
"""

LIFE = """
pairs = twins(lambda m: torch.optim.AdamW([{"params": [m.module[0].weight]}], lr=0.01))
schedules = [torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5) for _, optimizer in pairs]
for number in range(3):
    step(pairs)
    for schedule in schedules:
        schedule.step()
for model, optimizer in pairs:
    optimizer.add_param_group({"params": list(model.module[2:].parameters()), "lr": 0.1})
step(pairs)
equal(pairs)
if rank == 0:  # one rank alone may look
    state = pairs[0][1].state_dict()
    assert all(held.untyped_storage().nbytes() == held.nbytes for held in pairs[0][0].parameters())
states = [optimizer.state_dict() for _, optimizer in pairs]
step(pairs)
import copy
for (_, optimizer), state in zip(pairs, copy.deepcopy(states)):
    optimizer.load_state_dict(state)
step(pairs)
step(pairs)
equal(pairs)
try:
    pairs[0][1].step(lambda: None)
except Exception as error:
    assert "closure" in str(error)
else:
    raise AssertionError("not refused")
step(pairs)
equal(pairs)
shared = pairs[0][0].module[0].weight
with torch.no_grad():
    dist.barrier()
    if rank == 0:
        shared[0, 0] = 7
    dist.barrier()
assert shared[0, 0] == 7, "the parameters are one copy"
"""

UNUSED = """
class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(128, 200), nn.Linear(128, 200)
    def forward(self, x, second):
        return (self.second if second else self.first)(x)

pairs = []
for shared in (True, False):
    model = DistributedDataParallel(Branches(), find_unused_parameters=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    pairs.append((model, dataparallel.share_optimizer(optimizer) if shared else optimizer))
generator = torch.Generator().manual_seed(rank)
for number in range(4):
    x = torch.randn(4, 128, generator=generator)
    for model, optimizer in pairs:
        optimizer.zero_grad()
        with model.no_sync():
            model(x, number == 2).sum().backward()
        model(x, number == 2).sum().backward()
        optimizer.step()
    assert all(map(torch.equal, pairs[0][0].parameters(), pairs[1][0].parameters()))
    assert len(pairs[0][1].state) == len(pairs[1][1].state)
"""


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_a_shared_optimizer_steps_as_the_plain_one_to_the_bit(agree, ranks):
    agree(TWINS + SAME + "equal(pairs)", ranks)


def test_schedules_groups_and_loaded_states_go_on_working(agree):
    agree(TWINS + LIFE, 2)


def test_unused_parameters_and_accumulation_go_on_working(agree):
    agree(UNUSED, 2)


def test_an_optimizer_that_looks_at_several_elements_is_refused(agree):
    body = """
from jupyter_sdt.errors import SpecError
try:
    dataparallel.share_optimizer(torch.optim.LBFGS(nn.Linear(2, 2).parameters()))
except SpecError as error:
    assert "LBFGS cannot be shared" in str(error)
else:
    raise AssertionError("not refused")
"""
    agree(body, 1)


def test_without_room_the_optimizer_stays_plain(agree):
    body = """
import jupyter_sdt.runtime.dataparallel.shared_tensors as module
module._SPARE_BYTES = 1 << 60
pairs = twins(lambda m: torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9))
for _ in range(2):
    step(pairs)
equal(pairs)
"""
    agree(TWINS + body, 2)
