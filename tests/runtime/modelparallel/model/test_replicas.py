"""Replicas: gradients exchanged during backward, hooks for that, and uneven numbers of batches."""

import pytest

NET = """
class Net(nn.Module):
    '''Which layers compute depends on the batch.'''
    def __init__(self):
        super().__init__()
        self.first, self.second, self.odd = (nn.Linear(8, 8) for _ in range(3))
        self.never = nn.Linear(8, 8)
    def forward(self, x, times=1, odd=False):
        for _ in range(times):
            x = torch.tanh(self.first(x))
        return self.second(self.odd(x) if odd else x).square().mean()
"""


@pytest.mark.parametrize("stages", [1, 2])
def test_buckets_are_reduced_when_they_are_complete_and_again_when_that_was_too_soon(agree, stages):
    body = """
from jupyter_sdt.runtime.modelparallel.exchange import Exchange
from jupyter_sdt.runtime.modelparallel.partition import set_partition
begin(partitions=STAGES, microbatches=2, ddp=True, auto_partition=False, default_partition=0)
early, begin_until = [], Exchange._begin_until
def noted(self, number):
    early.append(number > self._begun)
    begin_until(self, number)
Exchange._begin_until = noted
plain = Net()
module = copy.deepcopy(plain)
set_partition(module.first, STAGES - 1)
set_partition(module.odd, STAGES - 1)
model = DistributedModel(module, bucket_cap_mb=1e-9)  # a bucket for each parameter
replica = here.group("dp").rank

@step
def train_step(model, x, times, odd):
    loss = model(x, times, odd)
    model.backward(loss)
    return loss

# (times, odd) of each replica: the same, more, less, and some parameters on one replica only
steps = [((1, False),) * 2] * 3 + [((3, False), (1, False)), ((1, False), (2, True))]
steps += [((2, True), (2, True)), ((1, True), (1, False)), ((1, False),) * 2]
overlapped = []
for number, kinds in enumerate(steps):
    x = torch.randn(8, 8)
    model.zero_grad()
    plain.zero_grad()
    early.clear()
    train_step(model, x.chunk(2)[replica], *kinds[replica])
    overlapped.append(sum(early[:-1]))  # the last call is the one after backward
    for part, kind in zip(x.chunk(2), kinds):
        for rows in part.chunk(2):
            (plain(rows, *kind) / 4).backward()
    check = dict(plain.named_parameters())
    for name, parameter in model.local_named_parameters():
        right = check[name].grad
        assert (parameter.grad is None) == (right is None), (number, name)
        if right is not None:
            torch.testing.assert_close(parameter.grad, right, msg=lambda t: f"{number} {name} {t}")
assert overlapped[:2] == [0, 0] and overlapped[2] > 0, overlapped
"""
    agree(NET + body.replace("STAGES", str(stages)), 2 * stages, timeout=150)


def test_a_communication_hook_exchanges_gradients_in_its_own_way(agree):
    body = """
from jupyter_sdt.errors import DistributionError
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import (
    allreduce_hook, bf16_compress_hook)
begin(partitions=1, microbatches=2, ddp=True)
plain = Net()
model = DistributedModel(copy.deepcopy(plain))
seen = []
def hook(state, bucket):
    assert bucket.buffer().numel() == sum(p.numel() for p in bucket.parameters())
    assert [g.shape for g in bucket.gradients()] == [p.shape for p in bucket.parameters()]
    seen.append((state, bucket.index(), bucket.is_last()))
    bucket.set_buffer(bucket.buffer() / 2)  # microbatches: a hook does all of the averaging
    return allreduce_hook(here.group("dp").process_group, bucket)
model.register_comm_hook("mine", hook)

@step
def train_step(model, x):
    model.backward(model(x))

def check(**tolerance):
    x = torch.randn(8, 8)
    model.zero_grad()
    plain.zero_grad()
    train_step(model, x.chunk(2)[rank])
    plain(x).backward()
    reference = dict(plain.named_parameters())
    for name, parameter in model.local_named_parameters():
        torch.testing.assert_close(parameter.grad, reference[name].grad, **tolerance)

check()
check()
assert seen == [("mine", 0, True)] * 2, seen

def compressed(state, bucket):
    bucket.set_buffer(bucket.buffer() / 2)
    return bf16_compress_hook(None, bucket)
model.register_comm_hook(None, compressed)
check(rtol=0.05, atol=1e-3)
"""
    agree(NET + body, 2)


@pytest.mark.parametrize("stages", [1, 2])
def test_replicas_with_fewer_batches_wait_for_the_others(agree, stages):
    body = """
begin(partitions=STAGES, microbatches=2, ddp=True)
plain = Net()
model = DistributedModel(copy.deepcopy(plain))
replica = here.group("dp").rank
optimizers = [torch.optim.SGD(m.parameters(), lr=0.1) for m in (model, plain)]

@step
def train_step(model, x):
    loss = model(x)
    model.backward(loss)
    return loss

def batch(number, replica):
    return torch.randn(4, 8, generator=torch.Generator().manual_seed(10 * number + replica))

counts = [2, 5]
for by_size in (True, False):
    with model.join(divide_by_initial_world_size=by_size):
        for number in range(counts[replica]):
            optimizers[0].zero_grad()
            train_step(model, batch(number, replica))
            optimizers[0].step()
    for number in range(max(counts)):
        optimizers[1].zero_grad()
        alive = [r for r in range(2) if number < counts[r]]
        for r in alive:
            (plain(batch(number, r)) / (2 if by_size else len(alive))).backward()
        optimizers[1].step()
    reference = dict(plain.named_parameters())
    for name, parameter in model.local_named_parameters():
        torch.testing.assert_close(parameter, reference[name], msg=lambda t: f"{name} {t}")
try:
    with model.join(throw_on_early_termination=True):
        for number in range(counts[replica]):
            train_step(model, batch(number, replica))
except RuntimeError as error:
    assert "exhausted inputs" in str(error)
else:
    raise AssertionError("nobody said that inputs are exhausted")
"""
    agree(NET + body.replace("STAGES", str(stages)), 2 * stages, timeout=150)


def test_what_cannot_be_uneven_or_hooked_is_refused(agree):
    body = """
from jupyter_sdt.errors import DistributionError
begin(microbatches=2)
model = DistributedModel(Net())
def enter():
    with model.join():
        pass
for call in (enter, lambda: model.register_comm_hook(None, print)):
    try:
        call()
    except DistributionError as error:
        assert "'ddp': True" in str(error)
    else:
        raise AssertionError("it was accepted")
"""
    agree(NET + body, 1)
