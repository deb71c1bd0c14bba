import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.scaling.measure import default_warmup, measure
from jupyter_sdt.spec.metric import MetricRecord


def test_throughput_is_samples_per_second_of_the_steady_steps_summed_over_ranks(steps_of):
    slow_start = [9.0] * 5 + [0.1] * 15
    measured = measure([*steps_of(0, slow_start), *steps_of(1, slow_start)], world_size=2)
    assert measured.throughput == pytest.approx(2 * 32 / 0.1)
    assert measured.step_seconds == pytest.approx(0.1)
    assert measured.global_batch_size == 64
    assert (measured.warmup_steps, measured.steps) == (5, 15)


def test_a_record_stands_for_all_steps_since_the_previous_one_as_autolog_writes_them():
    def record(step, **values):
        return MetricRecord(time=0, rank=0, step=step, values=values, source="autolog")

    records = [
        record(1, loss=2.0),
        record(21, step_seconds=0.5, samples_per_second=64),
        record(61, step_seconds=0.1, samples_per_second=320),
        record(71, step_seconds=0.2, samples_per_second=160),
    ]
    measured = measure(records, world_size=1)
    assert (measured.warmup_steps, measured.steps) == (8, 50)
    assert measured.throughput == pytest.approx(50 * 32 / (40 * 0.1 + 10 * 0.2))
    assert measured.step_seconds == pytest.approx(6 / 50)
    assert measured.global_batch_size == 32


def test_slow_steps_count_with_the_time_they_took_not_as_one_of_many(steps_of):
    records = steps_of(0, [0.1] * 3 + [0.7], samples=10)
    assert measure(records, world_size=1, warmup_steps=0).throughput == pytest.approx(40 / 1.0)


def test_warmup_is_a_tenth_of_the_steps_and_never_fewer_than_five():
    assert [default_warmup(n) for n in (1, 50, 51, 200)] == [5, 5, 6, 20]


def test_records_may_come_in_any_order(steps_of):
    records = steps_of(0, [9.0] * 5 + [0.1] * 15)
    shuffled = [*records[10:], *records[:10]]
    assert measure(shuffled, world_size=1) == measure(records, world_size=1)


def test_autologs_records_are_taken_rather_than_the_scripts_own(steps_of):
    records = steps_of(0, [0.1] * 20) + steps_of(0, [5.0] * 20, source="script")
    assert measure(records, world_size=1).step_seconds == pytest.approx(0.1)


def test_a_script_that_logs_only_samples_per_second_is_timed_by_its_records():
    records = [
        MetricRecord(time=t, rank=0, step=step, values={"samples_per_second": 100.0})
        for step, t in [(0, 0.0), (10, 5.0), (20, 10.0), (30, 15.0)]
    ]
    measured = measure(records, world_size=1, warmup_steps=1)
    assert measured.throughput == pytest.approx(100)
    assert measured.step_seconds == pytest.approx(0.5)


def test_regex_records_without_a_step_and_null_values_are_passed_over(steps_of):
    strange = [
        MetricRecord(time=1.0, rank=0, step=None, values={"samples_per_second": 7.0}),
        MetricRecord(time=1.0, rank=0, step=3, values={"samples_per_second": None}),
        MetricRecord(time=1.0, rank=0, step=3, values={"loss": 0.5}),
    ]
    records = steps_of(0, [0.1] * 20)
    assert measure([*strange, *records], world_size=1) == measure(records, world_size=1)


def test_a_job_without_steps_is_refused_with_what_to_do():
    with pytest.raises(SpecError, match=r"nothing to measure.*SDT_AUTOLOG.*log_metrics"):
        measure([], world_size=2)


def test_a_silent_rank_is_named(steps_of):
    with pytest.raises(SpecError, match=r"2 of 3 ranks .* not rank 1"):
        measure(steps_of(0, [0.1] * 9) + steps_of(2, [0.1] * 9), world_size=3)


def test_too_few_steps_are_refused_with_both_numbers(steps_of):
    with pytest.raises(SpecError, match=r"left of 5 steps.*warmup_steps=5.*more steps"):
        measure(steps_of(0, [0.1] * 5), world_size=1)
