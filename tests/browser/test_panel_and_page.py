"""The side panel, the page of a job and the button of a cell."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Goes on until somebody stops it.
PLAIN = """import time
from itertools import count
from jupyter_sdt.runtime import init, log_metrics

context = init()
print("hello from", context.rank)
for step in count():
    log_metrics(step, loss=1 / (1 + step), accuracy=1 - 1 / (1 + step))
    time.sleep(0.02)
"""
BROKEN = """%%sdt_train --processes 2 --name broken --no-wait
values = [1, 2]
print("before")
values[7]
"""


def test_a_cell_is_trained_by_its_button_watched_stopped_and_deleted(page):
    page.write_notebook("button.ipynb", [PLAIN])
    page.open_notebook("button.ipynb")
    screen = page.page
    screen.locator(".jp-cell-toolbar [data-jp-item-name='sdt-train']").click()
    screen.get_by_label("Number of ranks on each node").fill("2")
    screen.get_by_role("button", name="Train", exact=True).click()
    screen.locator(".sdt-JobRenderer .uplot canvas").first.wait_for()
    assert "%%sdt_train --processes 2" in screen.locator(".jp-CodeCell").first.inner_text()

    screen.get_by_text("1 job training").click()
    row = screen.locator(".sdt-JobRow", has_text="cell-")
    row.get_by_text("step").wait_for()
    page.picture("panel")
    row.locator(".sdt-JobRow-name").click()
    job = screen.locator(".sdt-Page")
    job.locator(".sdt-Chart-title", has_text="accuracy").wait_for()
    job.get_by_label("Each rank").check()
    job.get_by_text("rank 1").first.wait_for()
    page.picture("page")
    job.get_by_role("tab", name="Ranks").click()
    page.expect(job.locator(".sdt-Table tbody tr")).to_have_count(2)
    job.get_by_role("tab", name="Logs").click()
    job.get_by_text("hello from 0").wait_for()
    page.picture("logs")

    job.get_by_role("button", name="Stop").click()
    job.locator('[data-status="Stopped"]').wait_for()
    row.get_by_role("button", name="Delete").click()
    job.wait_for(state="detached")
    row.wait_for(state="detached")


def test_a_failure_shows_the_ranks_own_words(page):
    page.write_notebook("broken.ipynb", ["%load_ext jupyter_sdt", BROKEN])
    page.open_notebook("broken.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    output = page.page.locator(".sdt-JobRenderer")
    output.locator('[data-status="Failed"]').wait_for()
    output.get_by_role("button", name="Open job page").click()
    page.page.locator(".sdt-Page .sdt-Failure pre", has_text="IndexError").wait_for()
    page.picture("failure")
