import math

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.scaling.model import fit


def usl(n, scale=1000.0, contention=0.05, coherency=0.002):
    return scale * n / (1 + contention * (n - 1) + coherency * n * (n - 1))


def test_four_sizes_give_the_universal_scalability_law_back(rows_of):
    model = fit(rows_of({n: (usl(n),) for n in (1, 2, 4, 8)}))
    assert model.law == "USL"
    assert model.scale == pytest.approx(1000)
    assert model.contention == pytest.approx(0.05)
    assert model.coherency == pytest.approx(0.002)
    assert model.residual == pytest.approx(0, abs=1e-9)
    assert model.throughput(16) == pytest.approx(usl(16))
    assert model.peak_world_size == pytest.approx(math.sqrt(0.95 / 0.002))


def test_three_sizes_give_amdahls_law_and_an_honest_residual(rows_of):
    model = fit(rows_of({n: (usl(n, coherency=0.0),) for n in (1, 2, 4)}))
    assert (model.law, model.coherency) == ("Amdahl", 0)
    assert model.contention == pytest.approx(0.05)
    assert model.residual == pytest.approx(0, abs=1e-9)
    bent = fit(rows_of({1: (100.0,), 2: (190.0,), 4: (200.0,)}))
    assert bent.residual is not None
    assert bent.residual > 0.05


def test_two_sizes_fix_the_curve_so_no_residual_is_claimed(rows_of):
    model = fit(rows_of({1: (100.0,), 2: (160.0,)}))
    assert model.residual is None
    assert model.throughput(2) == pytest.approx(160)
    assert model.speedup(4) == pytest.approx(4 / 1.75)
    assert model.efficiency(4) == pytest.approx(1 / 1.75)


def test_better_than_linear_scaling_does_not_make_a_cost_negative(rows_of):
    model = fit(rows_of({1: (100.0,), 2: (230.0,), 4: (500.0,), 8: (900.0,)}))
    assert model.contention >= 0
    assert model.coherency >= 0
    assert model.peak_world_size == math.inf


def test_speedups_stay_relative_to_the_smallest_size_measured(rows_of):
    model = fit(rows_of({2: (usl(2),), 4: (usl(4),), 8: (usl(8),), 16: (usl(16),)}))
    assert model.speedup(2) == pytest.approx(1)
    assert model.speedup(32) == pytest.approx(usl(32) / usl(2))
    assert model.efficiency(32) == pytest.approx(usl(32) / usl(2) / 16)


def test_one_size_is_refused(rows_of):
    with pytest.raises(SpecError, match=r"at least 2 measured world sizes, not 1"):
        fit(rows_of({1: (100.0,)}))
