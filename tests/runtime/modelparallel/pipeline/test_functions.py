"""Losses and views of what another stage has returned are computed there."""

import pytest

STEP = """
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections

came = []  # shapes of tensors that this stage has received
receive = Connections.receive
def noted(self, seconds):
    delivery = receive(self, seconds)
    came.extend(tuple(t.shape) for t in delivery[2]) if delivery else None
    return delivery
Connections.receive = noted

def step_of(engine, model, loss_of, inputs, microbatches):
    '''As smp's model.backward() does it.'''
    parts = [tensor.chunk(microbatches) for tensor in inputs]
    def step(number):
        loss = loss_of(model, *(part[number] for part in parts))
        factor = torch.full(loss.shape, 1 / microbatches)
        engine.backward([loss], [factor])
        return loss
    return engine.run_step(step, microbatches, detach=True)
train_step = step_of  # of compare()
"""


def test_logits_stay_on_the_last_stage(agree):
    body = """
model = nn.Sequential(nn.Embedding(50, 8), block(), block(), nn.Linear(8, 50))
def loss_of(model, tokens):
    logits = model(tokens).float()
    shifted = logits[..., :-1, :].contiguous().view(-1, logits.size(-1))
    return F.cross_entropy(shifted, tokens[:, 1:].reshape(-1), label_smoothing=0.1)
torch.set_default_dtype(torch.float32)
model.float()
tokens = torch.randint(0, 50, (8, 6))
stages = {f"{i}": i * size // 4 for i in range(4)}
engine = compare(model, stages, loss_of, [tokens], 4, steps=3)
came.clear()
compared = [step_of(engine, model, loss_of, [tokens], 4) for _ in range(3)]
assert engine.replayed or rank
if rank == 0:  # gradients of activations, and losses
    assert set(came) == {(2, 6, 8), ()}, set(came)
"""
    agree(STEP + body, 2)
    agree(STEP + body, 4)


def test_what_is_written_to_a_view_is_written_to_what_it_views(agree):
    body = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = block(), nn.Linear(8, 8)
    def forward(self, x):
        h = self.second(self.first(x))
        rows = h.view(-1, 2, 4)
        top = rows[:, 0]
        kept = top.transpose(0, 1)
        h.mul_(3.0) if x[0, 0] > 0 else top.mul_(2.0)
        far = F.mse_loss(rows, rows.detach() * 0)
        return (h * torch.arange(8.0)).sum() + kept.pow(2).sum() + far
compare(Net(), {"second": 1}, lambda m, x: m(x), [torch.randn(8, 8)], 4)
with torch.no_grad():
    model = Net()
    plain, x = copy.deepcopy(model), torch.randn(8, 8)
    engine = pipeline(model, {"second": 1})
    for _ in range(3):
        (found,) = engine.run_step(lambda n: model(x), 1)
    torch.testing.assert_close(found, plain(x))
"""
    agree(STEP + body, 2)


def test_what_needs_a_gradient_here_is_computed_here(agree):
    body = """
class Net(nn.Module):
    '''Targets and weights of the loss are parameters of the first stage.'''
    def __init__(self):
        super().__init__()
        self.target, self.weight = nn.Parameter(torch.rand(8)), nn.Parameter(torch.rand(8))
        self.first, self.second, self.third = block(), block(), block()
    def forward(self, x, mask):
        a, b = self.second(self.first(x)), self.third(x)
        loss = F.mse_loss(a, self.target.expand_as(a)) + F.l1_loss(a, b)
        picked = a[mask].sum() + a[:, mask[0].nonzero()[0]].sum()
        return loss + (a.softmax(-1) * self.weight).sum() + picked
inputs = [torch.randn(8, 8), torch.rand(8, 8) > 0.3]
compare(Net(), {"second": 1, "third": size - 1}, lambda m, *i: m(*i), inputs, 4, steps=4)
"""
    agree(STEP + body, 2)
    agree(STEP + body, 3)


@pytest.mark.parametrize("stages", [2, 4])
def test_an_error_in_a_loss_names_the_line_that_asked_for_it(run_stages, stages):
    body = """
model = nn.Sequential(block(), block(), block(), nn.Linear(8, 3))
engine = pipeline(model, {f"{i}": i * size // 4 for i in range(4)})
def loss_of(model, x, labels):
    return F.cross_entropy(model(x), labels)  # only three classes
for number in range(5):
    labels = torch.tensor([0, 1, 2, 2 + (number == 4)] * 2)
    step_of(engine, model, loss_of, [torch.randn(8, 8), labels], 2)
"""
    job = run_stages(STEP + body, stages)
    assert all(job.codes)
    for rank in range(stages):
        log = job.log(rank)
        assert "IndexError: Target 3 is out of bounds" in log
        assert "in loss_of\n    return F.cross_entropy(model(x), labels)  # only three" in log
    assert "remote_call" not in job.log(stages - 1)  # it was computed, and failed, there


@pytest.mark.parametrize("stages", [2, 3])
def test_a_form_that_proves_wrong_after_all_spoils_no_gradient(agree, stages):
    body = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.chosen, self.last = nn.Linear(8, 8), Chosen(), block()
    def forward(self, x):
        return self.last(self.chosen(self.first(x)))
def loss_of(model, x):
    h = model(x)
    return F.mse_loss(h, torch.zeros(h.shape))
model = Net()
with torch.no_grad():
    model.first.weight.copy_(torch.eye(8))
    model.first.bias.zero_()
plain = copy.deepcopy(model)
engine = pipeline(model, {"chosen": 1, "last": size - 1})
replayed = []
for number in range(9):
    x = torch.rand(16, 8)
    if number == 6:
        x[9:12, 0] -= 5  # in the third of four microbatches
    for m in (model, plain):
        m.zero_grad()
    losses = step_of(engine, model, loss_of, [x], 4)
    check_equal(engine, model, plain, losses, plain_step(plain, loss_of, [x], 4))
    replayed.append(engine.replayed)
if rank == 0:
    assert replayed[4] and replayed[5] and not replayed[6], replayed
assert rank or engine._modules.unsteady
"""
    agree(STEP + body, stages)
