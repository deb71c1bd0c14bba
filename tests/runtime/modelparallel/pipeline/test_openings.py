"""The first microbatch of a replayed step asks the last stage to go forward before it goes back."""

import pytest

INPUTS = """
inputs = [torch.randn(8, 8), torch.randn(8, 8)]
"""


def test_one_answer_a_microbatch_is_enough(agree):
    """The first is asked to go forward first; the answer to that comes with the next."""
    body = """
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Answer, Burst
sent = []
send = Connections.send
def noted(self, stage, message, tensors=()):
    sent.append(type(message))
    send(self, stage, message, tensors)
Connections.send = noted
model = nn.Sequential(block(), block())
engine = pipeline(model, {"1": 1})
parts = [tensor.chunk(4) for tensor in inputs]
def step(number):
    loss = F.mse_loss(model(parts[0][number]), parts[1][number])
    engine.backward([loss], [torch.ones(())])
    return loss
for _ in range(6):
    sent.clear()
    engine.run_step(step, 4, detach=True)
assert rank or engine.replayed
assert sent.count(Answer if rank else Burst) == (4 if rank else 5), sent
"""
    agree(INPUTS + body, 2)


@pytest.mark.parametrize("stages", [2, 3])
@pytest.mark.parametrize(
    "first",
    [
        "F.mse_loss(out, y)",  # does not go back
        "out",
        "torch.zeros(3)",  # does not even look at the result
        "back(F.mse_loss(out, y) + F.l1_loss(out, y))",
    ],
)
def test_the_first_microbatch_may_go_on_in_another_way_after_its_opening(agree, stages, first):
    body = f"""
model = nn.Sequential(block(), block(), block())
stages = {{f"{{i}}": min(i, size - 1) for i in range(3)}}
parts = [tensor.chunk(4) for tensor in inputs]
def results(model, back, number, differs):
    x, y = (part[number] for part in parts)
    out = model(x)
    return {first} if differs and not number else back(F.mse_loss(out, y))
def steps(model, run, back):
    found = []
    for count in range(9):
        model.zero_grad()
        found += run(lambda number: results(model, back, number, count in (5, 7)))
        assert rank or count != 4 or model is plain or engine.replayed
    return found
def plain_back(loss):
    loss.backward()
    return loss.detach()
def back(loss):
    engine.backward([loss], [None])
    return loss.detach()
plain = copy.deepcopy(model)
engine = pipeline(model, stages)
found = steps(model, lambda step: engine.run_step(step, 4, detach=True), back)
expected = steps(plain, lambda step: [step(number) for number in range(4)], plain_back)
check_equal(engine, model, plain, [f.sum() for f in found], [e.detach().sum() for e in expected])
"""
    agree(INPUTS + body, stages)


def test_an_error_in_an_opening_that_nobody_looks_at_ends_the_step_on_all_stages(run_stages):
    body = """
class Picky(nn.Linear):
    def forward(self, x):
        if x[0, 0] > 0.5:
            time.sleep(1)
            raise ValueError("too large")
        return super().forward(x)
model = nn.Sequential(nn.Linear(8, 8), Picky(8, 8))
with torch.no_grad():
    model[0].weight.copy_(torch.eye(8)); model[0].bias.zero_()
engine = pipeline(model, {"1": 1})
def step(number):
    loss = F.mse_loss(model(torch.zeros(2, 8)), torch.ones(2, 8))
    engine.backward([loss], [torch.ones(())])
    return loss
for _ in range(6):
    engine.run_step(step, 1, detach=True)
assert rank or engine.replayed
def looks_away(number):
    model(torch.ones(2, 8))
    return torch.zeros(())
engine.run_step(looks_away, 1, detach=True)
print("went on")
"""
    job = run_stages(INPUTS + body, 2)
    assert all(job.codes)
    assert not any("went on" in job.log(rank) for rank in range(2))
    assert "stage 1 (rank 1) failed: ValueError: too large" in job.log(0)


def test_an_opening_with_a_result_of_another_form_is_done_again(agree):
    body = """
model = nn.Sequential(block(), Chosen())
with torch.no_grad():
    model[0][0].weight.copy_(torch.eye(8)); model[0][0].bias.zero_()
plain, engine = copy.deepcopy(model), pipeline(model, {"1": 1})
loss_of = lambda net, x: net(x).pow(2).mean()
for count in range(9):
    model.zero_grad(); plain.zero_grad()
    x = torch.rand(16, 8) + 0.1
    if count in (5, 6):
        x[1:3] = -1.0  # rows that the first microbatch leaves out
    found = train_step(engine, model, loss_of, [x], 4)
    check_equal(engine, model, plain, found, plain_step(plain, loss_of, [x], 4))
"""
    agree(INPUTS + body, 2)
