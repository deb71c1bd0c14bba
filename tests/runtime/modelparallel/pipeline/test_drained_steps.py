"""Steps that end with going back twice, for inputs and then for parameters, on real ranks."""

import pytest

DRAINED = """
from jupyter_sdt.runtime.modelparallel.pipeline import draining
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Inbox
Inbox.has_core = property(lambda self: True)
rests = []
answered = draining.Drain.answered
def noted(self, rest):
    rests.append(len(rest or ()))
    answered(self, rest)
draining.Drain.answered = noted

x, y = torch.randn(8, 8), torch.randn(8, 8)
def trained(start, stages, twice, steps=7, **settings):
    '''Losses and gradients of each step; ``twice`` or once, whatever pays.'''
    draining._STEPS = 0 if twice else 1_000_000
    rests.clear()
    model = copy.deepcopy(start)
    engine = pipeline(model, stages, **settings)
    found = []
    for _ in range(steps):
        model.zero_grad()
        parts = x.chunk(4), y.chunk(4)
        def step(number):
            loss = F.mse_loss(model(parts[0][number]).view(-1, 8), parts[1][number])
            engine.backward([loss], [torch.full((), 0.25)])
            return loss
        losses = engine.run_step(step, 4, detach=True)
        found.append([*losses, *(p.grad for _, p in own_parameters(engine, model))])
    assert rank or engine.replayed
    return engine, found
"""


@pytest.mark.parametrize("schedule", ["interleaved", "simple"])
@pytest.mark.parametrize("stages", [2, 3])
def test_gradients_are_the_same_bits(agree, stages, schedule):
    body = f"""
class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right, self.out = block(), block(), block()
    def forward(self, h):
        return h + self.out(self.left(h) * self.right(h))
model = nn.Sequential(block(), Branching(), Branching())
stages = {{f"{{i}}": min(i, size - 1) for i in range(3)}}
(_, once), (_, twice) = (trained(model, stages, yes, schedule={schedule!r}) for yes in (0, 1))
for expected, found in zip(once[-2:], twice[-2:]):  # these are replayed
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
if rank:
    assert len(rests) >= 3 and all(rests), rests  # all that were replayed
"""
    agree(DRAINED + body, stages, timeout=120)


def test_one_that_waits_long_starts_by_itself_to_go_back_twice(agree):
    body = """
class Slow(torch.autograd.Function):
    forward = staticmethod(lambda ctx, x: x * 1)
    @staticmethod
    def backward(ctx, gradient):
        time.sleep(0.02)  # on the first stage
        return gradient
class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = block()
    def forward(self, x):
        return Slow.apply(self.block(x))
model = nn.Sequential(First(), block())
engine = pipeline(model, {"1": 1})
def step(number):
    loss = F.mse_loss(model(x), y)
    engine.backward([loss], [torch.ones(())])
    return loss
rests.clear()
for _ in range(16):
    engine.run_step(step, 4, detach=True)
# After three steps, or later where the machine had other things to do; and then for good.
assert not rank or (rests[:3] == [0, 0, 0] and rests[-1] == 1 and rests == sorted(rests)), rests
"""
    agree(DRAINED + body, 2)


@pytest.mark.parametrize(
    ("forward", "once"),
    [
        ("h = self.block(h); h.register_hook(count); return h", 1),
        ("return Own.apply(self.block(h))", 1),
        ("return self.listened(h)", 1),
        ("count(0); return checkpoint(self.counted, h, use_reentrant=False)", None),
    ],
)
def test_what_is_to_be_done_once_a_microbatch_is_done_once(agree, forward, once):
    body = f"""
from torch.utils.checkpoint import checkpoint
counts = [0]
def count(gradient):
    counts[0] += 1
class Own(torch.autograd.Function):
    forward = staticmethod(lambda ctx, x: x * 1)
    @staticmethod
    def backward(ctx, gradient):
        count(gradient)
        return gradient
class Noticing(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.listened = block(), block()
        self.listened.register_full_backward_hook(lambda *_: count(0))
    def counted(self, h):
        return self.block(h).exp()
    def forward(self, h):
        {forward}
model = nn.Sequential(block(), Noticing())
_, once = trained(model, {{"1": 1}}, 0)
counted, counts[0] = counts[0], 0
_, twice = trained(model, {{"1": 1}}, 1)
for expected, found in zip(once[-2:], twice[-2:]):
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
assert counts[0] == counted == (7 * 4 if rank else 0), (counts, counted)
if rank and {once}:
    assert not any(rests), rests
"""
    agree(DRAINED + body, 2)


def test_activation_checkpointing_computes_anew_once(agree):
    body = """
from jupyter_sdt.runtime.modelparallel.activations.recompute import recomputed
class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.calls = block(), 0
    def inner(self, h):
        self.calls += 1
        return self.block(h).exp()
    def forward(self, h):
        return recomputed(self.inner, (h,), {})
model = nn.Sequential(block(), Checkpointed())
engine, _ = trained(model, {"1": 1}, 1)
assert engine._modules.modules[engine._modules.names.index("1")].calls == (7 * 4 * 2 if rank else 0)
"""
    agree(DRAINED + body, 2)


def test_an_error_after_the_answer_ends_the_next_step_on_all_stages(run_stages):
    """A hook of a parameter is called when parameters have their turn."""
    body = """
model = nn.Sequential(block(), block())
calls = []
def hook(gradient):
    calls.append(1)
    if len(calls) == 7 * 4:
        raise ValueError("not this one")
model[1][0].weight.register_hook(hook)
engine, _ = trained(model, {"1": 1}, 1, steps=7 if rank else 8)
print("went on")
"""
    job = run_stages(DRAINED.replace("copy.deepcopy(start)", "start") + body, 2)
    assert all(job.codes)
    assert not any("went on" in job.log(rank) for rank in range(2))
    assert "ValueError: not this one" in job.log(1)
    assert "stage 1 (rank 1) failed: ValueError: not this one" in job.log(0)
