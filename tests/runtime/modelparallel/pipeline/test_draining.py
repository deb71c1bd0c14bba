"""The last microbatch goes back for inputs first, where others wait for that and nobody notices."""

import pytest
import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.pipeline import draining
from jupyter_sdt.runtime.modelparallel.pipeline.draining import Drain
from jupyter_sdt.runtime.modelparallel.pipeline.repeatable import is_plain, noticed, watch


class Clock:
    """``time`` of the module under test."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.mark.parametrize(
    ("waits", "pays"),
    [
        ([2.0, 2.0, 2.0], True),
        ([0.8, 0.8, 0.8], True),  # the rest takes about as long as all, once more
        ([2.0, 2.0], False),
        ([2.0, 2.0, 0.1, 2.0, 2.0], False),  # by chance
        ([2.0, 2.0, 2.0, 0.1], True),  # now it has its rest to do meanwhile
        ([0.7, 0.7, 0.7], False),
    ],
)
def test_it_pays_where_going_back_was_waited_for_three_times_in_a_row(monkeypatch, waits, pays):
    clock = Clock()
    monkeypatch.setattr(draining, "time", clock)
    drains = Drain(possible=True), Drain(possible=False)
    for drain in drains:
        for seconds in waits:
            rest = drain.begin([])
            clock.now += 1.0
            drain.answered(rest)
            clock.now += seconds
            drain.end_step()
    assert [drain.pays for drain in drains] == [pays, False]


class Twice(torch.autograd.Function):
    """Somebody's own formula."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


def test_formulas_of_others_are_not_plain():
    x = torch.randn(3, requires_grad=True)
    assert is_plain([nn.Linear(3, 3)(x).relu(), x], but=Twice)
    assert is_plain([Twice.apply(x).exp()], but=Twice)
    assert not is_plain([x.exp(), Twice.apply(x).exp()], but=nn.Module)


@pytest.mark.parametrize("what", ["tensor", "kept", "module", "nothing"])
def test_what_would_notice_is_noticed(what):
    watch()
    x, layer = torch.randn(3, requires_grad=True), nn.Linear(3, 3)
    if what == "module":
        layer.register_full_backward_hook(lambda *_: None)
    before = noticed()
    y = layer(x)
    if what == "tensor":
        y.register_hook(lambda gradient: gradient)
    if what == "kept":
        y.retain_grad()
    assert noticed() - before == (what != "nothing")
    y.sum().backward()  # as ever
