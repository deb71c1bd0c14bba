"""Whatever a script does with its model, a pipeline computes what one process would."""

import pytest


@pytest.mark.parametrize("nested", [False, True])
def test_results_whose_form_depends_on_values(agree, nested):
    body = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.chosen, self.last = block(), Chosen(), block()
    def forward(self, x):
        h = self.chosen(self.first(x))
        return self.last(h).sum() / (1 + h.shape[0])
class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Net()
    def forward(self, x):
        return self.net(x)
"""
    if nested:
        model, stages = "Outer()", "{'net': 1, 'net.chosen': 2}"
    else:
        model, stages = "Net()", "{'chosen': 1, 'last': 1}"
    # The first microbatches are alike, so that a form is learnt and then proves wrong.
    body += f"""
x = torch.rand(16, 8)
x[9:14:2, 0] -= 5
model = {model}
with torch.no_grad():
    first = model.net.first if hasattr(model, "net") else model.first
    first[0].weight.copy_(torch.eye(8))
    first[0].bias.zero_()
engine = compare(model, {stages}, lambda m, x: m(x), [x], 4)
assert rank != {int(nested)} or engine._modules.unsteady  # a form was learnt, and was wrong
"""
    agree(body, 3 if nested else 2)


def test_stages_that_share_no_files_talk_over_tcp(agree):
    body = """
import tempfile
tempfile.tempdir = tempfile.mkdtemp()  # as if each rank were on a node of its own
engine = compare(nn.Sequential(block(), block(), block()), {"1": 1, "2": 2},
                 lambda m, x: m(x).sum(), [torch.randn(8, 8)])
families = {s.stream.family.name for s in engine._connections._sockets.values()}
assert families == {"AF_INET"}, families
"""
    agree(body, 3)


def test_dropout_buffers_autocast_and_frozen_parameters(agree):
    body = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(8, 8), nn.BatchNorm1d(8))
        self.first[0].weight.requires_grad_(False)
        self.second[1].bias.requires_grad_(False)
    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            h = self.second(self.first(x) * 1.0)
            assert h.dtype == torch.bfloat16 or rank == 0
        return h.float().sum()
torch.set_default_dtype(torch.float32)
model = Net()
plain = copy.deepcopy(model)
engine = pipeline(model, {"second": 1})
x = torch.randn(8, 8)
for _ in range(2):
    losses = train_step(engine, model, lambda m, x: m(x), [x], 2)
    expected = plain_step(plain, lambda m, x: m(x), [x], 2)
torch.testing.assert_close(torch.stack(losses), torch.stack(expected))
mine, its = (model.second[2], plain.second[2]) if rank else (model.first[1], plain.first[1])
torch.testing.assert_close(mine.running_mean, its.running_mean)
assert (model.second[1].bias.grad is None) and (model.first[0].weight.grad is None)
"""
    agree(body, 2)


def test_evaluation_without_gradients_and_steps_of_both_kinds_in_turn(agree):
    body = """
model = nn.Sequential(block(), block(), block())
plain = copy.deepcopy(model)
engine = pipeline(model, {"1": 1})
x = torch.randn(8, 8)
for _ in range(3):
    with torch.no_grad():
        parts = engine.run_step(lambda n: {"y": model(x.chunk(4)[n]), "n": n}, 4)
    torch.testing.assert_close(torch.cat([part["y"] for part in parts]), plain(x).detach())
    assert [part["n"] for part in parts] == [0, 1, 2, 3]
    losses = train_step(engine, model, lambda m, x: m(x).sum(), [x], 2)
    expected = plain_step(plain, lambda m, x: m(x).sum(), [x], 2)
    check_equal(engine, model, plain, losses, expected)
with torch.inference_mode():
    (only,) = engine.run_step(lambda n: model(x), 1)
    assert only.is_inference() or rank
"""
    agree(body, 2)


def test_activation_checkpointing_runs_the_forward_of_other_stages_again(agree):
    body = """
from torch.utils.checkpoint import checkpoint
class Net(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.reentrant = reentrant
        self.parts = nn.ModuleList(block() for _ in range(4))
    def forward(self, x):
        h = self.parts[0](x)
        h = checkpoint(self.pair, h, use_reentrant=self.reentrant)
        return self.parts[3](h).sum()
    def pair(self, x):
        return self.parts[2](self.parts[1](x)) + x
for reentrant in (False, True):
    compare(Net(reentrant), {"parts.1": 1, "parts.3": 1}, lambda m, x: m(x), [torch.randn(8, 8)])
"""
    agree(body, 2)


def test_what_torch_checkpoints_is_computed_again_by_the_stage_that_has_it(agree):
    body = """
from torch.utils.checkpoint import checkpoint
class Counted(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.runs = nn.Linear(8, 8), 0
    def forward(self, h):
        self.runs += 1
        return self.linear(h).tanh()
class Net(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.reentrant, self.first = reentrant, block()
        self.layers = nn.ModuleList(Counted() for _ in range(2))
    def forward(self, x):
        h = self.first(x)
        for layer in self.layers:  # as in transformers' models
            if self.reentrant is None:
                h = layer(h)
            else:
                h = checkpoint(layer, h, use_reentrant=self.reentrant)
        return h.sum()
for reentrant, runs in ((None, 1), (False, 2), (True, 2)):
    model = Net(reentrant)
    compare(model, {"layers": 1}, lambda m, x: m(x), [torch.randn(8, 8)], 4, steps=5)
    if rank == 1:
        found = [layer.runs for layer in model.layers]
        assert found == [runs * 4 * 5] * 2, (reentrant, found)
"""
    agree(body, 2)


def test_what_has_no_parameters_runs_where_its_input_lies(agree):
    body = """
from jupyter_sdt.runtime.modelparallel.pipeline.remote_call import Caller
calls = []
call = Caller.call
def counted(self, number, *rest):
    calls.append(type(self._modules.modules[number]).__name__)
    return call(self, number, *rest)
Caller.call = counted

class Net(nn.Module):
    def __init__(self, *more):
        super().__init__()
        self.convs = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
        self.relu, self.pool = nn.ReLU(inplace=True), nn.AvgPool1d(2)
        self.tail = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), *more)
    def forward(self, x):
        for conv in self.convs:
            x = self.relu(conv(x))
        return self.tail(self.pool(x)).mean()
stages = {"convs.1": 1, "convs.2": 1, "tail.0": 1, "tail.2": 1}
def loss_of(m, x):
    return m(x)
compare(Net(), stages, loss_of, [torch.randn(8, 8)], 2)
seen = sorted(set(calls))
assert seen == (["AvgPool1d", "Linear", "ReLU", "Sequential"] if rank == 0 else []), seen
calls.clear()
model = Net(nn.Flatten(0))
model.relu.register_forward_hook(lambda module, given, out: None)
compare(model, stages, loss_of, [torch.randn(8, 8)], 2)
assert "ReLU" not in calls  # hooks are called where the module was called
"""
    agree(body, 2)


def test_messages_of_all_sizes_by_packet_and_by_stream(agree):
    """The last rows of a batch are so large that they do not fit into packets."""
    body = """
model = nn.Sequential(nn.Linear(8, 64), nn.Linear(64, 64), nn.Linear(64, 4))
def loss_of(model, x, y):
    parts = [model(part) for part in x.split([1, 1, x.shape[0] - 2])]
    return F.mse_loss(torch.cat(parts), y)
x, y = torch.randn(4 * 1000, 8), torch.randn(4 * 1000, 4)
compare(model, {"1": 1}, loss_of, [x, y])
"""
    agree(body, 2)


def test_a_step_leaves_nothing_of_its_batch_behind(agree):
    """Neither for good, through the graph of a loss, nor until garbage is collected."""
    body = """
import gc, weakref
gc.disable()
model = nn.Sequential(block(), block(), nn.Linear(8, 1))
def loss_of(model, x):
    return model(x).square().mean()
engine = pipeline(model, {"1": 1})
alive = []
for _ in range(4):
    x = torch.randn(8, 8)
    alive.append(weakref.ref(x))
    train_step(engine, model, loss_of, [x], 4)
    del x
assert [batch() for batch in alive] == [None] * 4, alive
"""
    agree(body, 2)
