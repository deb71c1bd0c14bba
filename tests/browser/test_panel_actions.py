"""What the panel does with jobs: again, as a cell, away and back, over each other, a hundred."""

from __future__ import annotations

import json
import os

import pytest
from server_support import Store, record
from support import Jobs, ranks, until

from jupyter_sdt.spec.job_spec import StudyPoint

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SLOW = """%%sdt_train --processes 1 --name slow --stop-seconds 60 --no-wait
import signal, time
signal.signal(signal.SIGTERM, lambda *_: None)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def store(page):
    """The folder of jobs, to put jobs there that nobody runs."""
    return Store(Jobs(page.server.jobs))


def ended(store, name, losses=(), **fields):
    directory = store.ended(job_name=name, **fields)
    os.close(store.locks.pop())
    for step, loss in enumerate(losses, start=1):
        record(directory, step, loss=loss, samples_per_second=100.0)
    (directory.source / "entry_point.py").write_text("# %%sdt_train\nprint('again')\n")
    return directory


def row(page, name):
    exact = page.page.get_by_role("button", name=name, exact=True)
    return page.page.locator(".sdt-JobRow", has=exact)


def show(page):
    page.execute("jupyter-sdt:show-panel")


def test_a_job_runs_again_and_becomes_a_cell(page, store):
    ended(store, "digits", [1.0, 0.5], hyperparameters={"lr": 0.5})
    page.write_notebook("clone.ipynb", ["x = 1"])
    page.open_notebook("clone.ipynb")
    show(page)
    row(page, "digits").get_by_role("button", name="Run digits again").click()
    row(page, "digits-2").locator("[data-status='Completed']").wait_for()
    log = page.server.jobs / "digits-2" / "logs" / "rank-1.log"
    assert log.read_text() == "again\n"
    row(page, "digits").get_by_role("button", name="Clone digits to a cell").click()
    cell = page.page.locator(".jp-CodeCell").nth(1)
    cell.get_by_text("--name digits-3 --processes 2 --hp lr=0.5").wait_for()
    assert "print('again')" in cell.inner_text()
    page.picture("clone")


def test_a_deleted_job_comes_back(page, store):
    ended(store, "precious", [1.0])
    page.open_lab("undo")
    show(page)
    row(page, "precious").get_by_role("button", name="Delete precious").click()
    row(page, "precious").wait_for(state="detached")
    assert not (page.server.jobs / "precious").exists()
    page.picture("deleted")
    page.page.get_by_role("button", name="Undo").click()
    row(page, "precious").wait_for()
    assert (page.server.jobs / "precious" / "job.json").exists()


def test_a_job_that_does_not_stop_shows_when_it_is_killed(page, store):
    page.write_notebook("slow.ipynb", ["%load_ext jupyter_sdt", SLOW])
    page.open_notebook("slow.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    show(page)
    log = page.server.jobs / "slow" / "logs" / "rank-0.log"
    until(lambda: log.exists() and "ready" in log.read_text(), 60)
    row(page, "slow").get_by_role("button", name="Stop slow").click()
    deadline = row(page, "slow").locator(".sdt-JobRow-deadline")
    deadline.get_by_text("Killed in").wait_for()
    first = deadline.inner_text()
    page.expect(deadline).not_to_have_text(first)
    page.picture("deadline")
    (process,) = (page.server.jobs / "slow" / "processes").glob("rank-0.json")
    os.kill(json.loads(process.read_text())["pid"], 9)
    row(page, "slow").locator("[data-status='Stopped']").wait_for()


def test_jobs_and_studies_are_laid_over_each_other(page, store):
    ended(store, "first", [1.0, 0.5, 0.25])
    ended(store, "second", [2.0, 1.0])
    for size, seconds in ((1, 0.1), (2, 0.06)):
        point = StudyPoint(study_name="speed", world_size=size, repeat=0, scaling="strong")
        directory = ended(store, f"speed-n{size}", study=point, distribution=ranks(size))
        for step in range(1, 40):
            for rank in range(size):
                rate = {"step_seconds": seconds, "samples_per_second": 64 / size / seconds}
                record(directory, step, rank, loss=1 / step, **rate)
    page.open_lab("compare")
    show(page)
    screen = page.page
    row(page, "first").get_by_label("Select first").focus()
    screen.keyboard.press("Space")
    row(page, "second").get_by_role("button", name="second", exact=True).click(
        modifiers=["Control"]
    )
    screen.get_by_text("2 jobs selected").wait_for()
    screen.get_by_role("button", name="Compare", exact=True).click()
    compared = screen.locator(".sdt-Page")
    compared.get_by_role("img", name="loss: first 0.25, second 1").wait_for()
    table = compared.get_by_role("table", name="loss in figures")
    assert table.locator("tbody tr").all_inner_texts() == [
        "first\t0.25\t0.25\t1\t3\t2.0 s",
        "second\t1\t1\t2\t2\t1.0 s",
    ]
    compared.get_by_label("By").select_option("time")
    page.picture("compare")

    page.execute("jupyter-sdt:compare-jobs", jobNames=["speed-n1", "speed-n2"])
    speed = screen.locator(".sdt-Compare-studies")
    speed.get_by_text("speed, ideal").first.wait_for()
    page.picture("compare-study")
    page.wait_for_layout("speed-n2")
    page.reload()
    speed.get_by_text("speed, ideal").first.wait_for()


def test_of_many_jobs_a_hundred_are_shown_and_all_are_searched(page, store):
    for number in range(130):
        ended(store, f"many-{number}")
    page.open_lab("many")
    show(page)
    rows = page.page.locator(".sdt-JobRow")
    page.page.get_by_role("button", name="Show more (30 jobs)").wait_for()
    page.expect(rows).to_have_count(100)
    page.page.get_by_role("button", name="Show more").click()
    page.expect(rows).to_have_count(130)
    page.page.get_by_label("Search jobs").fill("many-12")
    page.expect(rows).to_have_count(11)
    page.page.get_by_label("Status").select_option("Failed")
    page.page.get_by_text("No job fits.").wait_for()


def test_the_folder_of_jobs_is_a_setting(page, store, tmp_path):
    ended(store, "here", [1.0])
    page.open_lab("folder")
    show(page)
    row(page, "here").wait_for()

    def choose(folder):
        settings = {"raw": json.dumps({"jobsFolder": str(folder)})}
        page.server.ask("PUT", "lab/api/settings/jupyter-sdt:plugin", settings)
        page.reload()
        show(page)

    choose(tmp_path / "other")
    page.page.get_by_text("No jobs yet.").wait_for()
    assert (tmp_path / "other").is_dir()
    choose("")
    page.server.ask("PUT", "jupyter-sdt/folder", {"folder": ""})
    row(page, "here").wait_for()
