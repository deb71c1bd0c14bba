"""What a job on instances costs: from the form's estimate to the bill, in a rehearsed AWS."""

from __future__ import annotations

import json
import os

import pytest
from lab_looks import DARK, LIGHT, faults
from server_support import Store
from support import Jobs

from jupyter_sdt.rehearsal import Conditions, rehearse
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_directory import JobDirectory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Trains until it is told to end.
OBEDIENT = """import pathlib, time
print("loss: 0.5", flush=True)
while not pathlib.Path({path!r}).exists():
    time.sleep(0.05)
"""
WANTED = {
    "instance_type": "ml.g5.xlarge",
    "job_name": "spot",
    "role": "arn:aws:iam::123456789012:role/service-role/Training",
    "framework_version": "2.5.1",
    "py_version": "py311",
    "max_run": "3600",
    "max_wait": "7200",
}
HOURLY = 1.408  # of one ml.g5.xlarge in us-east-1, in the package's table


@pytest.fixture
def aws(monkeypatch, tmp_path):
    """A rehearsed account, to which boto3 is led by the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "SDT_PRICES"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with rehearse(conditions=Conditions(starting_seconds=0.5, spot_price_share=0.25)) as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


def control(screen, name):
    field = screen.locator(f".sdt-Field[data-field='{name}']").first
    return field.locator("input, select, textarea").first


def facts(part):
    """Names and texts of the facts that a part shows, of all its lists."""
    lines = [line.split("\n") for line in part.locator(".sdt-Facts > div").all_inner_texts()]
    return [(name, text) for name, text in lines]


def fill_in(window):
    """The form for the script, filled in for a spot job; returns what it says of the cost."""
    screen = window.page
    window.execute("jupyter-sdt:new-job", path="train.py")
    control(screen, "instance_type").fill(WANTED["instance_type"])
    for section in ("SageMaker", "Limits"):
        screen.locator(".sdt-Form-section summary", has_text=section).click()
    for name, text in WANTED.items():
        control(screen, name).fill(text)
    control(screen, "use_spot_instances").check()
    estimate = screen.locator(".sdt-Preview-cost")
    estimate.get_by_text("1.408 USD in 60 min, before what spot saves").wait_for()
    return estimate


def see_it_grow(window, row, page):
    """In the list and on the page the cost goes on by the clock."""
    spent = row.locator(".sdt-JobRow-facts", has_text="USD so far, rehearsed")
    row.get_by_text("Training", exact=True).wait_for()
    before = spent.inner_text()
    assert before.startswith("at most 0.00")
    window.expect(spent).not_to_have_text(before)
    row.locator(".sdt-JobRow-name").click()
    page.get_by_role("tab", name="Cost").click()
    page.get_by_text("What it was estimated to cost").wait_for()
    named = dict(facts(page.locator(".sdt-Cost section").first))
    assert named["Saved by spot"] == "told at the end"
    billed = page.locator(".sdt-Facts dd").nth(1)
    window.expect(billed).not_to_have_text(named["Billed for"])


def test_a_spot_job_is_estimated_started_followed_and_billed(aws, serve, open_window, tmp_path):
    lab = serve()
    window = open_window(lab)
    screen, told = window.page, tmp_path / "end"
    (window.notebooks / "train.py").write_text(OBEDIENT.format(path=str(told)))
    window.open_lab("cost")
    estimate = fill_in(window)
    assert facts(estimate)[:2] == [("Instances", "1 \u00d7 ml.g5.xlarge"), ("An hour", "1.408 USD")]
    estimate.scroll_into_view_if_needed()
    window.picture("cost-form")
    assert faults(screen, ".sdt-Panel") == []

    screen.get_by_role("button", name="Start", exact=True).click()
    row, page = screen.locator(".sdt-JobRow", has_text="spot"), screen.locator(".sdt-Page")
    see_it_grow(window, row, page)
    window.picture("cost-running")

    told.touch()
    page.locator('[data-status="Completed"]').wait_for()
    page.get_by_text("What it has cost", exact=True).wait_for()
    billing = JobDirectory(lab.jobs / "spot").read_state().billing
    bill = facts(page.locator(".sdt-Cost section").first)
    assert [name for name, _ in bill] == [
        *("Cost", "Billed for", "Trained for", "Saved by spot", "An hour")
    ]
    assert bill[0][1] == f"{billing.billable_seconds * HOURLY / 3600:.4g} USD"
    assert bill[3][1] == f"{billing.saved:.0%}".replace("%", " %")
    page.get_by_text("This is a rehearsal").wait_for()
    for theme in (LIGHT, DARK):
        window.use_theme(theme)
        assert faults(screen, ".sdt-Page") + faults(screen, ".sdt-Panel") == []
        window.picture(f"cost-bill-{theme.split()[1].lower()}")


def test_the_phases_of_a_job_on_instances_are_shown_with_the_time_each_took(page):
    store = Store(Jobs(page.server.jobs))
    directory = store.ended(job_name="phases")
    os.close(store.locks.pop())
    state = JobState(notes=("warm pool: kept for 60 s",))
    for word, began in (("Starting", 0), ("Downloading", 90), ("Training", 94), ("Completed", 400)):
        state = state.enter(word, 1.79e9 + began)
    directory.write_state(state)
    page.open_lab("phases")
    page.execute("jupyter-sdt:open-job", jobName="phases")
    shown = page.page.locator(".sdt-Page")
    shown.get_by_role("tab", name="Plan").click()
    rows = shown.locator("section", has_text="How it went").locator("tbody tr")
    page.expect(rows).to_have_count(4)
    took = [line.split("\t") for line in rows.all_inner_texts()]
    assert [(phase, time) for phase, _, time in took] == [
        ("Starting", "1:30"),
        ("Downloading", "4.0 s"),
        ("Training", "5:06"),
        ("Completed", "\u2013"),
    ]
    shown.get_by_text("warm pool: kept for 60 s").wait_for()
    page.picture("phases")


def test_jobs_are_ordered_by_what_they_cost(page):
    store = Store(Jobs(page.server.jobs))
    bill = {"hourly_price": 3.6, "billable_seconds": 100, "sources": []}
    for name, billing in {
        "dear": bill,
        "cheap": {**bill, "hourly_price": 0.36},
        "free": None,
    }.items():
        directory = store.ended(job_name=name)
        os.close(store.locks.pop())
        state = json.loads(directory.state_file.read_text())
        directory.state_file.write_text(json.dumps({**state, "billing": billing}))
    page.open_lab("order")
    page.execute("jupyter-sdt:show-panel")
    names = page.page.locator(".sdt-JobRow-name")
    page.expect(names).to_have_text(["free", "cheap", "dear"])
    page.page.locator(".sdt-JobRow", has_text="dear").get_by_text("0.1 USD").wait_for()
    page.page.get_by_label("Order").select_option("Highest cost first")
    page.expect(names).to_have_text(["dear", "cheap", "free"])
    page.page.get_by_label("Order").select_option("Newest first")
    page.expect(names).to_have_text(["free", "cheap", "dear"])
