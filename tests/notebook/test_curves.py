"""Records of all ranks become one loss curve and one throughput curve."""

import math

import pytest

from jupyter_sdt.notebook.curves import loss_curve, throughput_curve, trend
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.restarts import restart_steps
from jupyter_sdt.store.series import SeriesTable


def record(step, rank=0, source="autolog", **values):
    return MetricRecord(time=0.0, rank=rank, step=step, values=values, source=source)


def table(*records):
    made = SeriesTable()
    made.add(records)
    return made


def test_nothing_is_known_before_the_first_record():
    assert loss_curve(table()) == ("loss", [])
    assert throughput_curve(table()) == ("samples/s", [])


def test_the_loss_is_the_mean_over_ranks():
    made = table(record(1, rank=1, loss=9.0), record(1, loss=1.0), record(2, loss=3.0))
    assert loss_curve(made) == ("loss", [(1, 5.0)])


def test_without_a_loss_the_first_result_is_watched():
    made = table(record(1, source="script", learning_rate=0.1, accuracy=0.5))
    assert loss_curve(made) == ("accuracy", [(1, 0.5)])


def test_throughput_adds_up_over_ranks():
    made = table(*(record(1, rank=rank, samples_per_second=100.0) for rank in (0, 1)))
    assert throughput_curve(made) == ("samples/s", [(1, 200.0)])


def test_steps_per_second_stand_in_when_no_rank_knows_its_batch():
    made = table(record(1, rank=0, step_seconds=0.1), record(1, rank=1, step_seconds=0.2))
    assert throughput_curve(made) == ("steps/s", [(1, pytest.approx(5.0))])


def test_long_curves_are_thinned_and_keep_their_spikes():
    made = table(*(record(step, loss=9.0 if step == 5000 else 0.0) for step in range(10_000)))
    _, points = loss_curve(made)
    assert len(points) <= 300
    assert (5000, 9.0) in points


def test_values_that_are_not_numbers_leave_no_point():
    assert loss_curve(table(record(1, loss=None), record(2, loss=math.inf))) == ("loss", [])


def test_the_trend_is_told_in_a_word():
    assert trend([(x, 10.0 - x) for x in range(10)]) == "falling"
    assert trend([(x, float(x)) for x in range(10)]) == "rising"
    assert trend([(x, 1.0) for x in range(10)]) == "steady"
    assert trend([(0, 1.0)]) == "steady"


def restarted(*records):
    marks = MetricRecord(time=5.0, rank=0, step=None, values={"restarts": 1.0}, source="autolog")
    return table(*records, marks, at(6.0, 3, loss=2.0), at(7.0, 4, loss=1.0))


def at(time, step, **values):
    return MetricRecord(time=time, rank=0, step=step, values=values, source="autolog")


def test_a_restart_is_where_training_went_on():
    before = [at(float(step), step, loss=9.0 - step) for step in range(1, 5)]
    assert restart_steps(restarted(*before)) == [3]
    assert restart_steps(table(*before)) == []


def test_a_restart_without_a_step_since_has_no_place():
    mark = MetricRecord(time=5.0, rank=0, step=None, values={"restarts": 1.0}, source="autolog")
    assert restart_steps(table(at(1.0, 1, loss=2.0), mark)) == []
    assert restart_steps(table(mark)) == []
    assert loss_curve(table(mark)) == ("loss", [])
