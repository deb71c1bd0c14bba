"""Stragglers and resources on the page of a job."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

UNEVEN = """%%sdt_train --processes 3 --name uneven --no-wait
import time
from jupyter_sdt.runtime import init, log_metrics

context = init()
seconds = 0.03 if context.rank == 2 else 0.02
for step in range(1, 200):
    time.sleep(seconds)
    log_metrics(step, loss=1 / step, step_seconds=seconds)
"""


def test_the_slowest_rank_is_named_and_resources_are_drawn(page):
    page.write_notebook("uneven.ipynb", ["%load_ext jupyter_sdt", UNEVEN])
    page.open_notebook("uneven.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.execute("jupyter-sdt:open-job", jobName="uneven")
    job = page.page.locator(".sdt-Page")
    job.get_by_role("tab", name="Ranks").click()
    heat = job.get_by_role(
        "img", name="Rank 2 is slowest: 30 ms a step, 50 % more than the middle."
    )
    heat.wait_for()
    job.locator("[role=img][aria-label*='Memory (GiB): rank 0']").wait_for()
    job.locator("[role=img][aria-label*='CPU']").wait_for()
    page.picture("ranks")
    job.locator(".sdt-HeatMap .sdt-Chart-table summary").click()
    job.locator(".sdt-HeatMap").get_by_role("rowheader", name="2", exact=True).wait_for()
    job.locator('[data-status="Completed"]').wait_for()
