"""Steps of any length, some of which go other ways, each with the gradients of one process."""

import pytest

BODY = """
import random
from jupyter_sdt.runtime.modelparallel.pipeline import draining
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Inbox
Inbox.has_core = property(lambda self: True)
draining._STEPS = 0  # all replayed steps go back for inputs first

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(block() for _ in range(2 * size))
        self.extra, self.chosen = block(), Chosen()
    def forward(self, x, way):
        for part in self.blocks:
            x = part(x)
        if way == "longer":
            return self.extra(x)
        return self.chosen(x) if way == "shorter" else x

def loss_of(net, x, y, way):
    out = net(x, way)
    return out.pow(2).sum() if way == "shorter" else F.mse_loss(out, y)

model = Net()
plain = copy.deepcopy(model)
last = {"extra": size - 1, "chosen": size - 1}
engine = pipeline(model, {f"blocks.{i}": i // 2 for i in range(2 * size)} | last, schedule=SCHEDULE)
chance, replayed = random.Random(SEED), 0
for _ in range(120):
    count = chance.choice([1, 4, 4, 4, 4, 6])
    ways = ["usual"] * count
    if chance.random() < 0.15:
        ways[chance.randrange(count)] = chance.choice(["longer", "shorter", "no backward"])
    torch.manual_seed(chance.randrange(1 << 30))
    x, y = torch.randn(2, 2 * count, 8)
    parts = list(zip(x.chunk(count), y.chunk(count)))
    def run(net, number, back):
        loss = loss_of(net, *parts[number], ways[number])
        if ways[number] != "no backward":
            back(loss)
        return loss.detach() if number % 2 else loss
    model.zero_grad(); plain.zero_grad()
    one = torch.ones((), dtype=torch.float64)
    losses = engine.run_step(
        lambda n: run(model, n, lambda loss: engine.backward([loss], [one])), count, detach=True)
    expected = [run(plain, n, lambda loss: loss.backward()).detach() for n in range(count)]
    check_equal(engine, model, plain, losses, expected)
    replayed += engine.replayed
assert rank or replayed > 60, replayed
"""


@pytest.mark.parametrize("schedule", ["interleaved", "simple"])
@pytest.mark.parametrize("stages", [2, 3])
def test_whatever_comes_next(agree, stages, schedule):
    agree(f"SCHEDULE, SEED = {schedule!r}, {stages}\n" + BODY, stages, timeout=120)
