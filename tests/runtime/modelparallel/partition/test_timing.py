"""Times of modules, forward and backward, told by a clock of the tests' own."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.partition import measure_costs, measuring
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step


class Clock:
    """A time that passes only where a module says so, however busy the machine is."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(measuring, "time", found)
    return found


class SlowBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, wait):
        ctx.wait = wait
        return rows.clone()

    @staticmethod
    def backward(ctx, gradient):
        ctx.wait()
        return gradient, None


def test_traced_times_are_those_of_the_modules_themselves_forward_and_backward(clock):
    class Slow(nn.Linear):
        def forward(self, rows):
            clock.wait(2.0)
            return super().forward(rows)

    class SlowBackward(nn.Linear):
        def forward(self, rows):
            return SlowBack.apply(super().forward(rows), lambda: clock.wait(0.5))

    model = nn.Sequential(Slow(4, 4), nn.Linear(4, 4), SlowBackward(4, 4))
    run = one_step(model, torch.randn(2, 4))
    costs = measure_costs(model, run, trace_execution_times=True, repeats=2)
    assert [costs.modules[name].seconds for name in ("", "0", "1", "2")] == [0.0, 2.0, 0.0, 0.5]


def test_the_fastest_of_the_repeats_counts(clock):
    times = iter([16.0, 8.0, 4.0, 1.0, 2.0, 4.0])  # the first run counts operations

    class Settling(nn.Linear):
        def forward(self, rows):
            clock.wait(next(times))
            return super().forward(rows)

    model = Settling(4, 4)
    run = one_step(model, torch.randn(2, 4))
    costs = measure_costs(model, run, trace_execution_times=True, repeats=5)
    assert next(times, None) is None
    assert costs.modules[""].seconds == 1.0


def test_time_that_really_passes_is_measured():
    class Sleepy(nn.Linear):
        def forward(self, rows):
            time.sleep(0.01)
            return super().forward(rows)

    model = Sleepy(4, 4)
    run = one_step(model, torch.randn(2, 4))
    costs = measure_costs(model, run, trace_execution_times=True, repeats=1)
    assert costs.modules[""].seconds >= 0.01
