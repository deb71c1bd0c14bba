"""A step that was a plain chain is replayed in a fixed order, with the same results to the bit."""

import json

import pytest

BODY = """
from jupyter_sdt.runtime.modelparallel.pipeline.turns import Turns

class Net(nn.Module):
    '''A chain of calls, as in GPT-2; with a branch that a step may take.'''
    def __init__(self):
        super().__init__()
        self.first, self.branch = False, block()
        self.blocks = nn.ModuleList(
            nn.Sequential(block(), nn.Dropout(0.3), block()) for _ in range(2 * size))
        self.head = nn.Linear(8, 8)
    def forward(self, x, branches=False):
        for part in self.blocks:
            x = part(x)
        return self.branch(self.head(x)) if branches else self.head(x)

def loss_of(model, x, y, branches=False):
    return F.mse_loss(model(x, branches), y)

torch.manual_seed(0)
start = Net()
stages = {f"blocks.{i}": i // 2 for i in range(2 * size)} | {"branch": size - 1}
done = []
passed = Turns.passed
def noted(self, task):
    done.append((task.microbatch, "root" if task.root else task.phase))
    passed(self, task)
Turns.passed = noted

def run(engine, model, x, y, microbatches=4, branches=None):
    '''One step: losses and gradients; the microbatch ``branches`` takes the branch.

    Without an engine as in one process: one microbatch after the other.
    '''
    done.clear()
    model.zero_grad()
    torch.manual_seed(7)
    parts = [t.chunk(microbatches) for t in (x, y)]
    def step(number):
        loss = loss_of(model, *(p[number] for p in parts), number == branches)
        loss_here = loss / microbatches
        engine.backward([loss_here], [None]) if engine else loss_here.backward()
        return loss
    run_step = engine.run_step if engine else lambda step, count: [step(n) for n in range(count)]
    losses = torch.stack(run_step(step, microbatches)).detach()
    return losses, {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

# At first they learn what comes back, and where it goes from there; the fifth and the eighth go
# other ways, and the ninth has another number of microbatches.
STEPS = [{}, {}, {}, {}, {"branches": 2}, {}, {}, {}, {"microbatches": 2}, {}, {}]
REPLAYED = [False] * 3 + [True, False, True, True, False, False, True, True]

def trained(*, engine=None, dropout=False):
    '''Losses and gradients of each step, and what was done in which order.'''
    model = copy.deepcopy(start)
    engine = engine(model) if engine else None
    x, y = torch.randn(2, 16, 8, generator=torch.Generator().manual_seed(1))
    found, replayed, orders = [], [], []
    for number, options in enumerate(STEPS):
        if number == 6 and engine:
            with torch.no_grad():
                engine.run_step(lambda n: loss_of(model, x, y), 2)
        model.train(dropout)
        rows = 12 if number == 7 else 16
        found.append(run(engine, model, x[:rows], y[:rows], **options))
        replayed.append(engine is not None and engine.replayed)
        orders.append(tuple(done))
    assert rank or not engine or replayed[3:] == REPLAYED[3:], replayed
    return found, orders

def replaying(model):
    return pipeline(model, stages, schedule=SCHEDULE)

def own(gradients):
    return {name: value for name, value in gradients.items() if name in names}

names = {name for name, _ in own_parameters(replaying(copy.deepcopy(start)), start)}
found, orders = trained(engine=replaying)
fixed = [number for number, yes in enumerate(REPLAYED) if yes]
for number, (plain, got) in enumerate(zip(trained()[0], found)):
    exactly = {"rtol": 0, "atol": 0} if number in fixed else {}
    torch.testing.assert_close(got[0], plain[0], **exactly)
    torch.testing.assert_close(got[1], own(plain[1]), **exactly)
assert len({orders[number] for number in fixed}) == 1
print("order", [microbatch for microbatch, _ in orders[3]])
# With dropout, too: random numbers are drawn in one order.
again = [trained(engine=replaying, dropout=True)[0] for _ in range(2)]
for number in fixed:
    torch.testing.assert_close(again[0][number], again[1][number], rtol=0, atol=0)
"""


def turns(numbers):
    """Without repetitions."""
    return [n for place, n in enumerate(numbers) if not place or numbers[place - 1] != n]


@pytest.mark.parametrize("schedule", ["interleaved", "simple"])
@pytest.mark.parametrize("stages", [2, 3])
def test_a_replayed_step_gives_the_same_bits(agree, stages, schedule):
    job = agree(f"SCHEDULE = {schedule!r}\n" + BODY, stages, timeout=150)
    last = json.loads(job.log(stages - 1).split("order ")[1])
    each = {"interleaved": [0, 1, 0, 2, 1, 3, 2, 3], "simple": [0, 1, 2, 3, 0, 1, 2, 3]}
    assert turns(last) == turns(each[schedule])
