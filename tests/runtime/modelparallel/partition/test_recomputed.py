"""Costs and memory of modules that are computed anew in backward."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.partition import (
    Assignment,
    assign_stages,
    measure_costs,
    measuring,
    predict_memory,
)
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step

ROWS, FLOAT = 32, 4


def network():
    block = nn.Sequential(nn.Linear(16, 64), nn.Tanh(), nn.Linear(64, 16))
    return nn.Sequential(nn.Linear(8, 16), block, nn.Linear(16, 4))


def costs_of(model, **options):
    return measure_costs(model, one_step(model, torch.randn(ROWS, 8)), **options)


@pytest.mark.parametrize("inner", [False, True])
def test_it_keeps_its_arguments_and_the_rest_only_while_backward_is_there(inner):
    model = network()
    marked = [model[1], *(model[1] if inner else [])]  # the outermost counts
    costs = costs_of(model, trace_memory_usage=True, recomputed=marked).modules
    kept = {name: cost.activation_bytes // (ROWS * FLOAT) for name, cost in costs.items()}
    # Arguments of the block; its result, which the last layer keeps.
    assert kept == {"": 0, "0": 0, "1": 16, "1.0": 0, "1.1": 0, "1.2": 0, "2": 16}
    assert costs["1"].recomputed_bytes == 64 * ROWS * FLOAT  # what Tanh returns
    assert not any(cost.recomputed_bytes for name, cost in costs.items() if name != "1")


def test_without_tracing_memory_what_is_inside_does_not_count_as_kept():
    model = network()
    costs = costs_of(model, recomputed=[model[1]]).modules
    kept = {name: cost.activation_bytes // (ROWS * FLOAT) for name, cost in costs.items()}
    assert kept == {"": 0, "0": 16, "1": 0, "1.0": 0, "1.1": 0, "1.2": 0, "2": 4}
    assert costs["1"].recomputed_bytes == (64 + 64 + 16) * ROWS * FLOAT


def test_it_runs_forward_twice():
    model = network()
    once = costs_of(model).modules
    twice = costs_of(model, recomputed=[model[1]]).modules
    for name in once:
        factor = measuring._TWICE if name.startswith("1") else 1.0
        assert twice[name].seconds == pytest.approx(once[name].seconds * factor)


def test_a_stage_has_room_for_the_largest_of_them():
    blocks = [network()[1], network()[1]]
    model = nn.Sequential(nn.Linear(8, 16), *blocks, nn.Linear(16, 8))
    costs = costs_of(model, trace_memory_usage=True, recomputed=blocks)
    found = assign_stages(model, 2, costs=costs, undivided=blocks)
    assert Assignment.from_json(json.loads(json.dumps(found.to_json()))) == found
    for stage, need in enumerate(predict_memory(found, 4, "simple")):
        assert found.recomputed_bytes[stage] == 64 * ROWS * FLOAT
        assert need.temporary == found.largest_bytes[stage] + 64 * ROWS * FLOAT
        assert need.activations == 4 * found.activation_bytes[stage]
