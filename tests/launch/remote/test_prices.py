"""Prices: the user's file, the table, the Price List API; and estimates made of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from aws_support import remote, serving

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.estimate import estimate_cost
from jupyter_sdt.launch.remote.price_list import ask_price, best_price, listed_price
from jupyter_sdt.launch.remote.prices import find_price, price_table
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.spec.billing import Billing
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_directory import job_directory

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture(autouse=True)
def prices(monkeypatch, tmp_path):
    path = tmp_path / "prices.json"
    monkeypatch.setenv("SDT_PRICES", str(path))
    return path


def test_the_table_is_dated_and_knows_its_region_exactly():
    price = find_price("ml.g5.12xlarge", "us-east-1")
    assert (price.hourly, price.exact) == (7.09, True)
    assert price_table()["as_of"] in price.source
    assert "https://aws.amazon.com/sagemaker" in price.source
    elsewhere = find_price("ml.g5.12xlarge", "eu-west-1")
    assert (elsewhere.hourly, elsewhere.exact) == (7.09, False)
    assert "eu-west-1's differs" in elsewhere.source
    assert find_price("ml.p4d.24xlarge", "us-east-1") is None


def test_the_users_own_prices_come_first_by_region_or_for_all(prices):
    prices.write_text(json.dumps({"ml.g5.xlarge": 2, "eu-west-1": {"ml.g5.xlarge": 3.5}}))
    found = [find_price("ml.g5.xlarge", region).hourly for region in ("us-east-1", "eu-west-1")]
    assert found == [2.0, 3.5]
    assert str(prices) in find_price("ml.g5.xlarge", "us-east-1").source


@pytest.mark.parametrize("text", ["[1]", "{", '{"ml.x.y": "cheap"}', '{"r": {"ml.x.y": -1}}'])
def test_a_damaged_file_is_named(prices, text):
    prices.write_text(text)
    with pytest.raises(SpecError, match=str(prices)):
        find_price("ml.g5.xlarge", "us-east-1")


def product(usage: str, usd: str, unit: str = "Hrs") -> str:
    terms = {"t": {"priceDimensions": {"d": {"unit": unit, "pricePerUnit": {"USD": usd}}}}}
    attributes = {"usagetype": usage, "instanceName": "ml.p4d.24xlarge"}
    return json.dumps(
        {
            "product": {"attributes": attributes},
            "terms": {"OnDemand": terms},
            "publicationDate": "2026-02-03T00:00:00Z",
        }
    )


def test_of_the_price_list_the_hour_of_training_counts():
    products = [
        product("EUW1-Host:ml.p4d.24xlarge", "9"),
        product("EUW1-Notebk:ml.p4d.24xlarge", "8"),
        product("EUW1-Train:ml.p4d.24xlarge", "0"),
        product("EUW1-Train:ml.p4d.24xlarge", "25.25"),
    ]
    price = listed_price(products, "eu-west-1")
    assert price.hourly == 25.25
    assert price.source == "AWS Price List for eu-west-1, published 2026-02-03"
    assert listed_price(products[:2], "eu-west-1") is None


def test_the_service_is_asked_only_about_what_is_not_known_exactly(aws_environment):
    with serving(aws_environment, prices={"ml.p4d.24xlarge": 25.25}) as account:
        look, calls = best_price(Service("eu-west-1")), account.service.calls
        price = look("ml.p4d.24xlarge", "eu-west-1")
        assert (price.hourly, calls.count("GetProducts")) == (25.25, 1)
        assert price.source.startswith("AWS Price List for eu-west-1, published ")
        account.service.refuse("GetProducts", "AccessDeniedException")
        assert not look("ml.g5.xlarge", "eu-west-1").exact  # refused: the nearest that is known
        assert look("ml.g5.xlarge", "us-east-1").exact
        assert calls.count("GetProducts") == 2
        assert ask_price(Service("eu-west-1"), "ml.nobody.knows") is None


def test_the_rehearsed_list_has_pages_and_filters_like_the_real_one(account):
    client = account.client("pricing")
    pages = client.get_paginator("get_products").paginate(
        ServiceCode="AmazonSageMaker", PaginationConfig={"PageSize": 7}
    )
    sizes = [len(page["PriceList"]) for page in pages]
    known = price_table()["usd_an_hour"]["us-east-1"]
    assert sum(sizes) == len(known)
    assert set(sizes[:-1]) == {7}
    where = [{"Type": "TERM_MATCH", "Field": "instanceName", "Value": "ml.g5.xlarge"}]
    found = client.get_products(ServiceCode="AmazonSageMaker", Filters=where)["PriceList"]
    assert listed_price(found, "us-east-1").hourly == known["ml.g5.xlarge"]
    assert json.loads(found[0])["product"]["attributes"]["usagetype"] == "USE1-Train:ml.g5.xlarge"
    assert client.get_products(ServiceCode="AmazonEC2")["PriceList"] == []


def test_a_price_list_that_cannot_be_reached_is_no_failure(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # nobody is there
    assert ask_price(Service("eu-west-1"), "ml.p4d.24xlarge") is None


def test_the_plan_says_what_the_job_may_cost_and_calls_nobody(script, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # nobody is there
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    plan = remote(script, max_run=3600, keep_alive_period_in_seconds=600).plan(job_name="a")
    estimate = plan.estimate
    assert (estimate.hourly_price, estimate.most) == (pytest.approx(2.816), pytest.approx(2.816))
    assert estimate.warm_pool == pytest.approx(2.816 / 6)
    assert "cost: 2 x ml.g5.xlarge: 2.816 USD an hour; at most 2.816 USD in max_run=60 min" in str(
        plan
    )
    assert type(plan).from_json(json.loads(json.dumps(plan.to_json()))).estimate == estimate


def test_the_groups_of_a_cluster_are_added_up(script):
    groups = [
        {"instance_group_name": "a", "instance_type": "ml.g5.xlarge", "instance_count": 2},
        {"instance_group_name": "b", "instance_type": "ml.c5.xlarge", "instance_count": 3},
    ]
    spec = remote_spec(script)
    mixed = replace(spec, sagemaker={**spec.sagemaker, "instance_groups": groups})
    estimate = estimate_cost(mixed, "us-east-1")
    assert estimate.hourly_price == pytest.approx(2 * 1.408 + 3 * 0.204)
    unknown = [{**groups[0], "instance_type": "ml.p4d.24xlarge"}, groups[1]]
    mixed = replace(spec, sagemaker={**spec.sagemaker, "instance_groups": unknown})
    estimate = estimate_cost(mixed, "us-east-1")
    assert estimate.hourly_price is None
    assert "put ml.p4d.24xlarge into" in str(estimate)


def test_earlier_jobs_of_this_script_tell_what_is_usual(script):
    spec = remote_spec(script)
    for number, seconds in enumerate((100, 300, 1000)):
        directory = job_directory(f"earlier-{number}")
        directory.create()
        directory.write_spec(replace(spec, job_name=directory.job_name))
        bill = Billing(billable_seconds=seconds)
        directory.write_state(JobState(billing=bill).enter("Completed", 10.0))
    other = job_directory("other")
    other.create()
    other.write_spec(replace(spec, job_name="other", entry_point_file="/elsewhere/train.py"))
    other.write_state(JobState(billing=Billing(billable_seconds=9)).enter("Completed", 10.0))
    rehearsed = job_directory("rehearsed")
    rehearsed.create()
    rehearsed.write_spec(replace(spec, job_name="rehearsed"))
    bill = Billing(billable_seconds=7, rehearsed=True)
    rehearsed.write_state(JobState(billing=bill).enter("Completed", 10.0))
    plan = remote(script).plan(job_name="next")
    assert plan.estimate.typical_seconds == 300
    assert remote(script, instance_count=3).plan(job_name="next").estimate.typical_seconds is None


def remote_spec(script):
    from jupyter_sdt.estimator.specification import Request, make_submission

    arguments = remote(script)._arguments
    return make_submission(arguments, "pytorch", Request(seconds=1.0, job_name="job")).spec
