"""Records of all ranks become one loss curve and one throughput curve."""

import math

import pytest

from jupyter_sdt.notebook.curves import Curves, thin, trend
from jupyter_sdt.spec.metric import MetricRecord


def record(step, rank=0, source="autolog", time=0.0, **values):
    return MetricRecord(time=time, rank=rank, step=step, values=values, source=source)


def curves(*records):
    made = Curves()
    made.add(records)
    return made


def test_nothing_is_known_before_the_first_record():
    assert curves().loss() == ("loss", [])
    assert curves().throughput() == ("samples/s", [])
    assert curves().step is None


def test_the_loss_of_the_lowest_rank_is_drawn():
    made = curves(record(1, rank=1, loss=9.0), record(1, rank=0, loss=2.0), record(2, loss=1.0))
    assert made.loss() == ("loss", [(1, 2.0), (2, 1.0)])


def test_what_the_script_logged_goes_before_autolog():
    made = curves(record(1, loss=9.0), record(1, source="script", loss=2.0))
    assert made.loss() == ("loss", [(1, 2.0)])


def test_the_nearest_thing_to_a_loss_is_found():
    made = curves(record(1, source="script", accuracy=0.5, eval_loss=2.0))
    assert made.loss() == ("eval_loss", [(1, 2.0)])
    assert curves(record(1, source="script", accuracy=0.5)).loss()[0] == "accuracy"


def test_records_without_a_step_are_numbered():
    made = curves(*(record(None, source="regex", loss=v) for v in (3.0, 2.0)))
    assert made.loss()[1] == [(0, 3.0), (1, 2.0)]


def test_throughput_is_the_same_however_the_ranks_records_arrive():
    records = [
        record(step, rank=rank, samples_per_second=100.0 * (rank + 1))
        for step in (1, 2, 3)
        for rank in (0, 1)
    ]
    expected = ("samples/s", [(1, 300.0), (2, 300.0), (3, 300.0)])
    assert curves(*records).throughput() == expected
    assert curves(*sorted(records, key=lambda r: r.rank)).throughput() == expected


def test_throughput_adds_up_over_ranks():
    made = curves(
        record(1, rank=0, samples_per_second=100.0),
        record(1, rank=1, samples_per_second=110.0),
        record(2, rank=0, samples_per_second=120.0),
    )
    assert made.throughput() == ("samples/s", [(1, 210.0), (2, 240.0)])


def test_steps_per_second_stand_in_when_no_rank_knows_its_batch():
    made = curves(record(1, rank=0, step_seconds=0.1), record(1, rank=1, step_seconds=0.2))
    assert made.throughput() == ("steps/s", [(1, pytest.approx(7.5))])


def test_progress_is_noted_per_rank():
    made = curves(
        record(3, rank=0, time=5.0, total_steps=10.0), record(2, rank=1, time=4.0, epoch=1.5)
    )
    assert (made.step, made.total_steps, made.epoch) == (3, 10, 1.5)
    assert (made.ranks[1].step, made.ranks[1].time) == (2, 4.0)


def test_values_that_are_not_numbers_are_skipped():
    assert curves(record(1, loss=None), record(2, loss=math.inf)).loss()[1] == []


def test_thinning_keeps_spikes_and_the_last_point():
    points = [(float(step), 0.0) for step in range(10_000)]
    points[5000] = (5000.0, 9.0)
    kept = thin(points, 100)
    assert len(kept) <= 101
    assert (5000.0, 9.0) in kept
    assert kept[-1] == points[-1]
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)


def test_short_curves_are_not_thinned():
    assert thin([(0.0, 1.0)]) == [(0.0, 1.0)]


def test_the_trend_is_told_in_a_word():
    assert trend([(x, 10.0 - x) for x in range(10)]) == "falling"
    assert trend([(x, float(x)) for x in range(10)]) == "rising"
    assert trend([(x, 1.0) for x in range(10)]) == "steady"
    assert trend([(0, 1.0)]) == "steady"
