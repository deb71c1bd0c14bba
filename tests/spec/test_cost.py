"""What a job costs: before, while it runs, and after."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from jupyter_sdt.spec.billing import Billing
from jupyter_sdt.spec.cost import CostEstimate, bill_text, cost_of, dollars, duration
from jupyter_sdt.spec.job_status import JobState

PHASES = (("Starting", 0), ("Downloading", 100), ("Training", 160), ("Interrupted", 460))


def state(*phases, **billing) -> JobState:
    made = JobState(billing=Billing(**billing))
    for word, began in phases:
        made = made.enter(word, began)
    return made


def test_while_a_job_runs_only_phases_with_instances_are_counted():
    cost = cost_of(state(*PHASES, ("Training", 1000), hourly_price=36.0), 1040)
    assert (cost.seconds, cost.amount, cost.final) == (400.0, 4.0, False)
    assert (cost.counting, cost_of(state(*PHASES, hourly_price=36.0), 500).counting) == (
        True,
        False,
    )
    assert str(cost) == "400 s billed, 4 USD so far"


def test_at_the_end_the_service_has_counted_and_tells_what_spot_saved():
    ended = state(
        *PHASES,
        ("Completed", 2000),
        hourly_price=3.6,
        spot=True,
        billable_seconds=300,
        training_seconds=1000,
    )
    cost = cost_of(ended, 9999)
    assert cost.amount == pytest.approx(0.3)
    assert str(cost) == "300 s billed, 0.3 USD, 70% saved by spot"


def test_a_spot_job_can_so_far_have_cost_at_most_so_much():
    assert "at most 0.06 USD so far" in str(
        cost_of(state(*PHASES[:2], hourly_price=3.6, spot=True), 160)
    )


def test_a_warm_pool_is_billed_on_top():
    kept = state(("Completed", 0), hourly_price=3.6, billable_seconds=1000, kept_seconds=500.0)
    assert cost_of(kept, 0).amount == pytest.approx(1.5)
    assert str(cost_of(kept, 0)).endswith("500 s of a warm pool")
    assert bill_text(kept.billing).startswith("cost 1.5 USD at 3.6 USD an hour")


def test_a_rehearsal_says_that_it_is_one():
    rehearsed = state(("Completed", 0), hourly_price=3.6, billable_seconds=1000, rehearsed=True)
    assert str(cost_of(rehearsed, 0)) == "1000 s billed, 1 USD, rehearsed"
    assert bill_text(rehearsed.billing).startswith("rehearsed, would cost 1 USD at 3.6 USD an hour")


def test_without_a_price_there_are_seconds_and_without_a_bill_nothing():
    unknown = cost_of(state(*PHASES[:2]), 150)
    assert (unknown.amount, str(unknown)) == (None, "50 s billed, price unknown")
    assert unknown.brief() == "50 s so far"
    assert bill_text(Billing(sources=("see here",))) == "cost unknown: see here"
    assert cost_of(JobState(), 0) is None


def test_the_bill_goes_through_json_with_the_state():
    told = state(*PHASES, hourly_price=2.0, sources=("a", "b"), spot=True)
    assert JobState.from_json(told.to_json()) == told
    assert Billing.from_json({**asdict(told.billing), "newer": 1}) == told.billing
    assert JobState.from_json(JobState().to_json()).billing is None


def test_an_estimate_tells_an_hour_the_usual_and_the_most():
    estimate = CostEstimate(
        instances={"ml.g5.xlarge": 2, "ml.c5.xlarge": 1},
        max_run_seconds=86400,
        hourly_price=10.0,
        sources=("a page",),
        keep_alive_seconds=1800,
        typical_seconds=360,
        spot=True,
    )
    assert (estimate.most, estimate.warm_pool, estimate.typical) == (240.0, 5.0, 1.0)
    assert str(estimate) == (
        "2 x ml.g5.xlarge + 1 x ml.c5.xlarge: 10.00 USD an hour; typically 1 USD, earlier jobs "
        "took 6 min; at most 240.00 USD in max_run=24 h before what spot saves; up to 5 USD more "
        "for 30 min of a warm pool; a page"
    )


def test_an_estimate_without_a_price_says_what_to_do():
    estimate = CostEstimate(instances={"ml.x.y": 1}, max_run_seconds=60, sources=("look there",))
    assert estimate.most is estimate.typical is None
    assert str(estimate) == "1 x ml.x.y: no price known (look there)"


def test_sums_and_times_are_short():
    assert [dollars(x) for x in (1234.5, 10, 1.408, 0.00123)] == [
        *("1,234.50 USD", "10.00 USD"),
        *("1.408 USD", "0.00123 USD"),
    ]
    assert [duration(x) for x in (90, 750, 86400)] == ["90 s", "12.5 min", "24 h"]
