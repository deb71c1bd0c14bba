"""How the loss scale reacts to overflow."""

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.optimizer.loss_scale import (
    DynamicLossScale,
    StaticLossScale,
)


def after(scale, steps):
    """The scales after each step; "x" is an overflow."""
    found = []
    for step in steps:
        scale.update(step == "x")
        found.append(scale.scale)
    return found


def test_it_halves_on_overflow_and_doubles_after_a_window_of_good_steps():
    scale = DynamicLossScale.from_arguments({"init_scale": 8.0, "scale_window": 2})
    assert after(scale, "x....x") == [4, 4, 8, 8, 16, 8]


def test_it_stops_at_the_smallest_scale():
    scale = DynamicLossScale.from_arguments({"init_scale": 4.0, "min_scale": 2.0})
    assert after(scale, "xxx") == [2, 2, 2]


@pytest.mark.parametrize(("consecutive", "scales"), [(False, [8, 8, 4]), (True, [8, 8, 8])])
def test_a_delayed_shift_forgives_some_overflows(consecutive, scales):
    given = {"init_scale": 8.0, "delayed_shift": 2, "consecutive_hysteresis": consecutive}
    assert after(DynamicLossScale.from_arguments(given), "x.x") == scales


def test_the_defaults_are_the_documented_ones():
    scale = DynamicLossScale.from_arguments({})
    assert (scale.scale, scale.scale_factor, scale.scale_window) == (2**32, 2.0, 1000)
    assert (scale.min_scale, scale.delayed_shift, scale.consecutive_hysteresis) == (1, 1, False)


def test_state_continues_in_another_process():
    first = DynamicLossScale.from_arguments({"init_scale": 8.0, "scale_window": 3})
    after(first, "..")
    second = DynamicLossScale()
    second.load_state_dict(first.state_dict())
    assert after(second, ".") == [16]


def test_a_static_scale_stays_and_unknown_names_are_refused():
    assert after(StaticLossScale(scale=128.0), "x.x") == [128, 128, 128]
    with pytest.raises(SpecError, match="'init_scales'; did you mean 'init_scale'"):
        DynamicLossScale.from_arguments({"init_scales": 1})
