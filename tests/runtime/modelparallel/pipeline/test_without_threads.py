"""Step functions of a replayed chain need no threads; where one does, it gets one."""

import pytest

USED = """
from jupyter_sdt.runtime.modelparallel.pipeline import loop
from jupyter_sdt.runtime.modelparallel.pipeline.light_strand import LightStrand

strands = []  # kinds, of step functions
resume = loop.Loop._resume_strand
def noted(self, task, work):
    begins = task.strand is None
    try:
        resume(self, task, work)
    finally:
        if begins and task.root:
            strands.append(type(task.strand).__name__)
loop.Loop._resume_strand = noted

def kinds(model, stages, loss_of, steps=6, within=None, light=True):
    '''Train like one process: the engine, and the kinds of strands in each step.'''
    plain, found = copy.deepcopy(model), []
    engine = pipeline(model, stages)
    engine._light &= light
    for _ in range(steps):
        strands.clear()
        model.zero_grad(); plain.zero_grad()
        parts = [tensor.chunk(4) for tensor in inputs]
        def step(number):
            with within() if within else torch.enable_grad():
                loss = loss_of(model, *(part[number] for part in parts))
                engine.backward([loss], [torch.full((), 0.25)])
            return loss
        losses = engine.run_step(step, 4, detach=True)
        check_equal(engine, model, plain, losses, plain_step(plain, loss_of, inputs, 4))
        found.append(sorted(set(strands)))
    return engine, found
inputs = [torch.randn(8, 8), torch.randn(8, 8)]
"""


@pytest.mark.parametrize("stages", [2, 3])
def test_a_chain_runs_on_one_thread_as_soon_as_it_is_replayed(agree, stages):
    body = """
model = nn.Sequential(block(), block(), block())
stages = {f"{i}": min(i, size - 1) for i in range(3)}
engine, found = kinds(model, stages, lambda m, x, y: F.mse_loss(m(x), y))
assert rank or (found[0], found[-3:]) == (["ThreadStrand"], [["LightStrand"]] * 3), found
assert rank or engine.replayed
"""
    agree(USED + body, stages)


def test_the_order_of_one_without_greenlets_is_the_same(agree):
    body = """
model = nn.Sequential(block(), block())
loss_of = lambda m, x, y: F.mse_loss(m(x), y)
engine, found = kinds(model, {"1": 1}, loss_of, light=False)  # as without greenlet
assert rank or (engine.replayed and found[-1] == ["ThreadStrand"]), found
"""
    agree(USED + body, 2)


@pytest.mark.parametrize(
    "within",
    ["lambda: torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t)"],
)
def test_one_that_has_entered_something_gets_a_thread_from_the_next_step_on(agree, within):
    body = f"""
model = nn.Sequential(block(), block())
loss_of = lambda m, x, y: F.mse_loss(m(x), y)
engine, found = kinds(model, {{"1": 1}}, loss_of, steps=9, within={within})
assert rank or (found[-1] == ["ThreadStrand"] and engine.replayed), found
assert rank or any("LightStrand" in step for step in found), found  # it was tried
"""
    agree(USED + body, 2)


def test_a_skip_over_the_border_is_gone_back_through_once(agree):
    """Two calls want gradients of what is here: they are waited for within one run of autograd."""
    body = """
class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = block(), nn.Bilinear(8, 8, 8), nn.Bilinear(8, 8, 8)
    def forward(self, x):
        h = self.first(x)
        return self.third(self.second(h, h.tanh()), h)
stages = {"second": 1, "third": 1}
engine, found = kinds(Skip(), stages, lambda m, x, y: F.mse_loss(m(x), y), steps=8)
assert rank or found[-1] == ["ThreadStrand"], found
"""
    agree(USED + body, 2)


@pytest.mark.parametrize(
    "loss_of",
    [
        "lambda m, x, y: m(x, y)",  # computed by the module, so nothing lies beyond it
        "lambda m, x, y: F.mse_loss(m(x, None), y) + F.l1_loss(m(x, None), y)",
        "lambda m, x, y: F.mse_loss(m(x, None), y) + 0.1 * m.first(x).pow(2).mean()",
    ],
)
def test_losses_of_other_shapes_are_those_of_one_process(agree, loss_of):
    body = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = block(), Second()
    def forward(self, x, y):
        return self.second(self.first(x), y)
class Second(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = block()
    def forward(self, h, y):
        out = self.block(h)
        return out if y is None else F.mse_loss(out, y)
kinds(Net(), {{"second": 1}}, {loss_of}, steps=8)
"""
    agree(USED + body, 2)


def test_other_stages_also_go_back_through_what_had_nothing_from_here(agree):
    """No gradient flows from the embedding to what chose the words, but it has one of its own."""
    body = """
class Choosing(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = block()
    def forward(self, h):
        out = self.block(h)
        return out, (out.sum(-1) > 0).long()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = block(), Choosing()
        self.words, self.joined = nn.Embedding(2, 8), nn.Bilinear(8, 8, 8)
    def forward(self, x):
        out, ids = self.second(self.first(x))
        return self.joined(self.words(ids), out)
stages = {"second": 1, "words": size - 1, "joined": size - 1}
loss_of = lambda m, x, y: F.mse_loss(m(x), y)
engine, found = kinds(Net(), stages, loss_of, steps=8)
assert rank or found[-1] == ["LightStrand"], found
"""
    agree(USED + body, 2)
    agree(USED + body, 3)


def test_waiting_for_the_content_of_a_loss_needs_no_thread(agree):
    """It comes late from a stage whose gradients came, by way of another one, in time."""
    body = """
import queue, threading
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
send, waiting = Connections.send, queue.SimpleQueue()
def late(self, stage, message, tensors=()):
    if rank == 2 and stage == 0:
        waiting.put((self, stage, message, [tensor.clone() for tensor in tensors]))
    else:
        send(self, stage, message, tensors)
def deliver():
    while True:
        given = waiting.get()
        time.sleep(0.02)
        send(*given)
Connections.send = late
threading.Thread(target=deliver, daemon=True).start()
model = nn.Sequential(block(), block(), block())
parts = [tensor.chunk(4) for tensor in inputs]
engine = pipeline(model, {f"{i}": i for i in range(3)})
def step(number):
    loss = F.mse_loss(model(parts[0][number]), parts[1][number])
    engine.backward([loss], [torch.ones(())])
    return loss.detach()
for _ in range(9):
    strands.clear()
    engine.run_step(step, 4, detach=True)
assert rank or engine.replayed and set(strands) == {"LightStrand"}, strands
"""
    agree(USED + body, 3)


def test_an_error_after_going_back_ends_the_step_on_all_stages(run_stages):
    body = """
model = nn.Sequential(block(), block())
engine = pipeline(model, {"1": 1})
def step_of(number, fails):
    loss = F.mse_loss(model(inputs[0]), inputs[1])
    engine.backward([loss], [torch.ones(())])
    if fails and number == 2:
        raise ValueError("the script's own")
    return loss
for count in range(6):
    engine.run_step(lambda number: step_of(number, count == 5), 4, detach=True)
"""
    job = run_stages(USED + body, 2)
    assert all(job.codes)
    assert "ValueError: the script's own" in job.log(0)
    assert "stage 0 (rank 0) failed: ValueError: the script's own" in job.log(1)
