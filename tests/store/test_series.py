from __future__ import annotations

import math
import random
import time

import pytest

from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.series import Series, SeriesTable, combine, loss_name, thin


def record(rank: int, step: int | None, source: str = "script", **values) -> MetricRecord:
    moment = 100.0 + (step or 0) + rank / 10
    return MetricRecord(time=moment, rank=rank, step=step, values=values, source=source)


def table(*records: MetricRecord) -> SeriesTable:
    made = SeriesTable()
    made.add(records)
    return made


def points(series: Series) -> list[tuple[float, float]]:
    return list(zip(series.steps, series.values, strict=True))


def test_each_rank_has_its_own_curve():
    curves = table(record(1, 0, loss=4.0), record(0, 0, loss=2.0), record(0, 1, loss=1.0))
    by_rank = curves.by_rank("loss")
    assert list(by_rank) == [0, 1]
    assert points(by_rank[0]) == [(0, 2.0), (1, 1.0)]
    assert list(by_rank[0].times) == [100.0, 101.0]
    assert curves.by_rank("accuracy") == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("loss", 3.0), ("samples_per_second", 6.0), ("step_seconds", 4.0), ("accuracy", 3.0)],
)
def test_ranks_are_combined_as_the_metric_demands(name, expected):
    curves = table(record(0, 5, **{name: 2.0}), record(1, 5, **{name: 4.0}))
    combined = curves.over_ranks(name)
    assert points(combined) == [(5, expected)]
    assert list(combined.times) == [105.1]  # when the last rank got there


def test_the_way_of_combining_can_be_chosen():
    curves = table(record(0, 0, loss=2.0), record(1, 0, loss=4.0))
    assert points(curves.over_ranks("loss", "max")) == [(0, 4.0)]


def test_a_rank_that_lags_does_not_look_like_a_loss_of_throughput():
    curves = table(
        *(record(0, step, samples_per_second=10.0) for step in range(5)),
        *(record(1, step, samples_per_second=10.0) for step in range(3)),
    )
    assert points(curves.over_ranks("samples_per_second")) == [(0, 20.0), (1, 20.0), (2, 20.0)]


def test_ranks_that_share_no_step_are_all_shown():
    curves = table(record(0, 0, loss=1.0), record(1, 1, loss=2.0))
    assert points(curves.over_ranks("loss")) == [(0, 1.0), (1, 2.0)]


def test_a_step_done_twice_counts_as_it_was_done_last():
    ranks = [record(rank, step, loss=v) for rank in (0, 1) for step, v in ((1, 9.0), (1, 1.0))]
    assert points(table(*ranks).over_ranks("loss")) == [(1, 1.0)]


def test_combining_nothing_gives_an_empty_curve():
    assert len(combine([], "mean")) == 0
    assert len(SeriesTable().over_ranks("loss")) == 0


def test_the_scripts_own_word_goes_before_what_was_found_or_measured():
    curves = table(
        record(0, 0, "autolog", loss=3.0),
        record(0, None, "regex", loss=2.0),
    )
    assert points(curves.by_rank("loss")[0]) == [(0, 2.0)]
    curves.add([record(0, 7, "script", loss=1.0)])
    assert points(curves.by_rank("loss")[0]) == [(7, 1.0)]


def test_records_without_a_step_are_counted():
    curves = table(*(record(0, None, "regex", loss=v) for v in (3.0, 2.0)))
    assert points(curves.over_ranks("loss")) == [(0, 3.0), (1, 2.0)]


def test_nan_makes_a_gap_and_what_is_no_number_is_passed_over():
    curves = table(record(0, 0, loss=1.0), record(0, 1, loss=None), record(0, 2, loss="high"))
    values = curves.by_rank("loss")[0].values
    assert values[0] == 1.0
    assert math.isnan(values[1])
    assert len(values) == 2
    assert curves.by_rank("loss")[0].last() == 1.0


def test_the_last_sign_of_each_rank_is_known():
    curves = table(record(0, 3), record(0, None), record(1, None, "regex", a=1.0))
    assert (curves.signs[0].step, curves.signs[0].time) == (3, 103.0)
    assert (curves.signs[1].step, curves.signs[1].time) == (None, 100.1)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["accuracy", "train_loss", "loss"], "loss"),
        (["val_loss", "train:loss"], "train:loss"),
        (["accuracy", "Validation Loss"], "Validation Loss"),
        (["accuracy"], ""),
    ],
)
def test_the_loss_is_recognised_by_its_name(names, expected):
    assert loss_name(names) == expected


def test_thinning_keeps_ends_and_spikes():
    values = [math.sin(i / 500) for i in range(10_000)]
    values[1234], values[8765] = 50.0, -50.0
    kept = thin(values, 100)
    assert len(kept) <= 100
    assert kept == sorted(kept)
    assert {0, 1234, 8765, 9999} <= set(kept)


@pytest.mark.parametrize("count", [4, 5, 10, 99, 100])
@pytest.mark.parametrize("size", [0, 1, 5, 6, 99, 100, 101, 1000])
def test_thinning_never_keeps_more_than_asked_nor_invents(size, count):
    values = random.Random(size).choices(range(9), k=size)
    kept = thin(values, count)
    assert len(kept) <= max(count, 4)
    assert kept == sorted(set(kept))
    assert {values[i] for i in kept} <= set(values)
    if values:
        assert {0, size - 1} <= set(kept)
        assert max(values[i] for i in kept) == max(values) or count < 6
    if size <= count:
        assert kept == list(range(size))


def test_a_gap_of_nan_stays_a_gap():
    values = [1.0] * 400 + [math.nan] * 400 + [2.0] * 400
    kept = [values[i] for i in thin(values, 30)]
    assert any(map(math.isnan, kept))
    assert sum(not math.isnan(v) for v in kept) > 10


def test_a_thinned_curve_keeps_its_points_together():
    curve = Series()
    for step in range(1000):
        curve.append(step, step * 2.0, step * 3.0)
    thinned = curve.thinned(50)
    assert len(thinned) <= 50
    assert all(t == s * 2 and v == s * 3 for s, t, v in zip(*vars_of(thinned), strict=True))


def vars_of(series: Series):
    return series.steps, series.times, series.values


def test_sixteen_ranks_of_many_steps_are_combined_in_a_moment():
    curves = SeriesTable()
    for rank in range(16):
        curves.add(record(rank, step, loss=1.0) for step in range(5_000))
    started = time.process_time()
    assert len(curves.over_ranks("loss").thinned(500)) <= 500
    assert time.process_time() - started < 1  # 0.05 s on an idle core
