"""What a microbatch draws does not depend on what is computed before it or in between."""

import pytest
import torch

from jupyter_sdt.runtime.modelparallel.pipeline.randomness import RandomNumbers

CPU = torch.device("cpu")


def drawn(order, stage=0):
    """What each microbatch of ``order`` draws, and what is drawn after the step."""
    torch.manual_seed(3)
    step, found = RandomNumbers(stage, CPU), {}
    for microbatch in order:
        step.enter(microbatch)
        found.setdefault(microbatch, []).append(float(torch.rand(())))
    step.enter(None)
    return found, float(torch.rand(()))


def test_microbatches_draw_the_same_in_any_order():
    found, after = drawn([0, 0, 1, 1, 2, 2])
    assert drawn([0, 1, 2, 2, 0, 1]) == (found, after)
    assert drawn([2, 1, 0, 1, 0, 2]) == (found, after)
    assert len({number for numbers in found.values() for number in numbers}) == 6
    assert drawn([])[1] == after


def test_steps_and_stages_draw_other_numbers():
    first, _ = drawn([0, 1])
    other, _ = drawn([0, 1], stage=1)
    assert not {n for ns in first.values() for n in ns} & {n for ns in other.values() for n in ns}
    torch.manual_seed(3)
    steps = [RandomNumbers(0, CPU) for _ in range(2)]
    found = []
    for step in steps:
        step.enter(0)
        found.append(float(torch.rand(())))
        step.enter(None)
    assert found[0] != found[1]


@pytest.mark.parametrize("schedule", ["interleaved", "simple"])
def test_training_with_dropout_that_is_resumed_equals_what_went_on(agree, schedule):
    """What is resumed learns what a step does while the other one replays it."""
    body = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        parts = (nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.4), nn.Tanh()) for _ in range(8))
        self.parts = nn.ModuleList(parts)
    def forward(self, x):
        for part in self.parts:  # one call each, and at first one answer that is waited for
            x = part(x)
        return x
x, y = torch.randn(2, 16, 8)

def train(model, steps):
    '''What it learns, and after each step the state of the random numbers.'''
    stages = {{f"parts.{{i}}": i * size // 8 for i in range(8)}}
    engine = pipeline(model, stages, schedule={schedule!r})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    states = []
    def loss_of(number):
        loss = F.mse_loss(model(x.chunk(4)[number]), y.chunk(4)[number])
        engine.backward([loss], [torch.full((), 0.25)])
        return loss
    for number in range(steps):
        optimizer.zero_grad()
        engine.run_step(loss_of, 4, detach=True)
        optimizer.step()
        states.append((copy.deepcopy([p.data for p in own(engine, model)]), torch.get_rng_state()))
    return engine, states

def own(engine, model):
    return [parameter for _, parameter in own_parameters(engine, model)]

model, again = Net(), Net()
torch.manual_seed(5)
engine, states = train(model, 8)
assert engine.replayed or rank
middle, random_state = states[3]
for parameter, value in zip(own(engine, again), middle, strict=True):
    parameter.data.copy_(value)
torch.set_rng_state(random_state)
_, resumed = train(again, 4)
for (found, there), (expected, here) in zip(resumed, states[4:], strict=True):
    assert torch.equal(there, here)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)  # sums in another order
"""
    agree(body, 2)
