"""What one traced step tells, and that it leaves nothing behind."""

from __future__ import annotations

import json
import random

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition import Costs, assign_stages, measure_costs
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step


class Siamese(nn.Module):
    """Calls against the order of registration, one module twice, one never."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 2)
        self.unused = nn.Linear(8, 8)
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
        self.norm = nn.BatchNorm1d(8)
        self.dropout = nn.Dropout(0.5)

    def forward(self, rows):
        for layer in reversed(self.layers):
            rows = self.dropout(layer(rows))
        return self.last(self.norm(rows) + self.norm(rows + 1))


def test_calls_are_counted_in_the_order_in_which_they_come():
    model = Siamese()
    costs = measure_costs(model, one_step(model, torch.randn(4, 8)))
    order = ["", "layers.2", "dropout", "layers.1", "layers.0", "norm", "last"]
    assert list(costs.modules) == order
    assert [costs.modules[name].first_call for name in order] == list(range(7))
    assert costs.modules["norm"].calls == 2
    assert costs.modules["dropout"].calls == 3
    assert Costs.from_json(json.loads(json.dumps(costs.to_json()))) == costs


def test_counted_costs_are_the_same_every_time_and_grow_with_the_work():
    model = nn.Sequential(nn.Linear(64, 256), nn.Linear(256, 256), nn.Linear(256, 64))
    found = [measure_costs(model, one_step(model, torch.randn(32, 64))) for _ in range(2)]
    assert found[0] == found[1]
    seconds = [found[0].modules[name].seconds for name in "012"]
    assert seconds[1] > 2 * seconds[0] > seconds[2] > 0


@pytest.mark.parametrize("traced", [False, True])
def test_measuring_leaves_model_and_random_numbers_as_they_were(traced):
    model = Siamese()
    model(torch.randn(4, 8)).sum().backward()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    torch.manual_seed(7)
    random.seed(7)
    told = torch.rand(1).item(), random.random()
    torch.manual_seed(7)
    random.seed(7)

    def run(backward):
        model.eval()
        random.random()
        backward(model(torch.randn(4, 8)).sum())

    measure_costs(model, run, trace_execution_times=traced, trace_memory_usage=traced)
    assert (torch.rand(1).item(), random.random()) == told
    assert model.training
    assert all(module.training for module in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert gradient is parameter.grad is None or torch.equal(parameter.grad, gradient)
    assert hooks == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]


def test_a_forward_that_changes_its_parameters_and_its_buffers_leaves_them_as_they_were():
    class Restless(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, rows):
            self.weight.data.mul_(2)
            self.seen = self.seen + 1
            return rows * self.weight

    model = Restless()
    seen = model.seen
    measure_costs(model, one_step(model, torch.ones(4)), trace_execution_times=True)
    assert torch.equal(model.weight, torch.ones(4))
    assert model.seen is seen
    assert model.seen == 0


def test_what_raises_in_the_step_travels_and_leaves_no_hooks():
    model = Siamese()

    def run(backward):
        model(torch.randn(4, 8))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        measure_costs(model, run)
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert model.norm.num_batches_tracked == 0


def test_a_step_that_does_not_call_the_model_is_refused():
    with pytest.raises(SpecError, match="nothing called the model"):
        measure_costs(Siamese(), lambda backward: None)


def test_a_model_that_cannot_be_partitioned_is_refused_before_it_runs():
    model = nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(2))
    with pytest.raises(SpecError, match="has no shape yet"):
        measure_costs(model, one_step(model, torch.randn(2, 2)))
    assert isinstance(model[1].weight, nn.parameter.UninitializedParameter)


def test_traced_memory_is_what_autograd_keeps():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.ReLU(), nn.Linear(16, 4))
    rows = torch.randn(32, 8)
    costs = measure_costs(model, one_step(model, rows), trace_memory_usage=True)
    kept = [costs.modules[name].activation_bytes for name in "0123"]
    # The batch is there anyway; the output of each ReLU; the last layer's input is kept already.
    assert kept == [0, 32 * 16 * 4, 32 * 16 * 4, 0]


def test_checkpointed_modules_keep_their_input_alone():
    class Thrifty(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(8, 8)
            self.inner = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 8))

        def forward(self, rows):
            return checkpoint(self.inner, self.first(rows), use_reentrant=False)

    model = Thrifty()
    run = one_step(model, torch.randn(16, 8))
    costs = measure_costs(model, run, trace_memory_usage=True, trace_execution_times=True)
    kept = {name: cost.activation_bytes for name, cost in costs.modules.items()}
    assert kept["inner.0"] == kept["inner.1"] == kept["inner.2"] == 0
    assert sum(kept.values()) == 16 * 8 * 4  # the batch is there anyway
    assert costs.modules["inner.0"].calls == 1


def test_a_weight_that_is_read_instead_of_called_is_noticed():
    class Reading(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(16, 8)
            self.inner = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
            self.head = Head(self.embed)

        def forward(self, words):
            assert self.inner[0].weight.dtype == torch.float32  # reads no values
            return self.head(self.inner(self.embed(words)))

    class Head(nn.Module):
        def __init__(self, embed):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(16))
            self.other = [embed]  # hidden from the tree

        def forward(self, hidden):
            return functional.linear(hidden, self.other[0].weight, self.bias)

    model = Reading()
    costs = measure_costs(model, one_step(model, torch.arange(16).reshape(2, 8)))
    assert costs.together == (("head", "embed"),)
    found = assign_stages(model, 2, costs=costs).stage_of
    assert found["head"] == found["embed"] == 0
    assert found["inner.1"] == 1


def test_a_step_without_backward_can_be_measured_too():
    model = Siamese()

    def run(backward):
        with torch.no_grad():
            model(torch.randn(4, 8))

    costs = measure_costs(model, run, trace_execution_times=True, trace_memory_usage=True)
    assert costs.modules["layers.0"].seconds > 0
