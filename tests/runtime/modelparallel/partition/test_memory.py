"""Memory per stage: predicted, and where it can be counted, compared."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition import (
    StageMemory,
    assign_stages,
    measure_costs,
    predict_memory,
    recorded_in_flight,
)
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step
from jupyter_sdt.runtime.modelparallel.partition.memory import microbatches_in_flight


def two_stages():
    model = nn.Sequential(*(nn.Linear(16, 16, bias=False) for _ in range(4)))
    run = one_step(model, torch.randn(8, 16))
    return assign_stages(model, 2, costs=measure_costs(model, run, trace_memory_usage=True))


def test_each_stage_holds_parameters_their_companions_and_activations_in_flight():
    first, last = predict_memory(two_stages(), 6, "1f1b")
    # Each layer keeps its input; that of the first is the batch, which is there anyway.
    weights, rows = 2 * 16 * 16 * 4, 8 * 16 * 4
    assert first == StageMemory(
        parameters=weights,
        gradients=weights,
        optimizer=2 * weights,
        activations=3 * rows,
        temporary=weights // 2,
    )
    assert last.activations == 2 * rows
    assert first.total == 4.5 * weights + 3 * rows


def test_without_a_state_the_optimizer_needs_nothing():
    assert [m.optimizer for m in predict_memory(two_stages(), 1, "simple", optimizer_factor=0)] == [
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("schedule", "microbatches", "active", "flying"),
    [
        ("simple", 8, None, (8, 8, 8)),
        ("interleaved", 8, None, (5, 5, 5)),
        ("interleaved", 2, None, (2, 2, 2)),
        ("interleaved", 8, 3, (3, 3, 3)),
        ("1f1b", 8, None, (4, 2, 1)),
        ("1f1b", 2, None, (2, 2, 1)),
    ],
)
def test_the_schedule_says_how_many_microbatches_are_in_flight(
    schedule, microbatches, active, flying
):
    assert microbatches_in_flight(3, microbatches, schedule, active_microbatches=active) == flying


def test_a_recorded_schedule_tells_how_many_there_really_were():
    def task(stage, microbatch, kind, start, end):
        times = {"start": float(start), "end": float(end)}
        return {"stage": stage, "microbatch": microbatch, "kind": kind, **times}

    tasks = [
        *(task(0, n, "forward", n, n + 1) for n in range(3)),
        *(task(0, n, "backward", 3 + n, 4 + n) for n in range(3)),
        *(task(1, n, "forward", 10 + 2 * n, 11 + 2 * n) for n in range(3)),
        *(task(1, n, "backward", 11 + 2 * n, 12 + 2 * n) for n in range(3)),
    ]
    found = recorded_in_flight({"stages": 2, "microbatches": 3, "tasks": tasks})
    assert found == (3, 1)
    first, last = predict_memory(two_stages(), 3, "interleaved", in_flight=found)
    assert (first.activations, last.activations) == (3 * 8 * 16 * 4, 2 * 8 * 16 * 4)


def test_wrong_schedules_and_numbers_are_refused():
    with pytest.raises(SpecError, match=r"schedule='interleave'.*did you mean 'interleaved'"):
        predict_memory(two_stages(), 2, "interleave")
    with pytest.raises(SpecError, match="microbatches=0 must be at least 1"):
        predict_memory(two_stages(), 0, "simple")
    with pytest.raises(SpecError, match="active_microbatches=0 must be at least 1"):
        predict_memory(two_stages(), 2, "simple", active_microbatches=0)
