"""Stragglers, resources and the environment on the page of a job that really ran."""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

# All ranks take as long for a step; rank 1 alone works all the while.
UNEVEN = """%%sdt_train --processes 2 --name uneven --no-wait --env COLOUR=blue
import time
import torch
from jupyter_sdt.runtime import DistributedModel, init

context = init()
model = DistributedModel(torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(40):
    time.sleep(0.1 if context.rank == 1 else 0)
    optimizer.zero_grad()
    model(torch.ones(4, 8)).mean().backward()
    optimizer.step()
"""


def test_the_rank_that_others_wait_for_is_named_and_resources_and_packages_are_told(page):
    page.write_notebook("uneven.ipynb", ["%load_ext jupyter_sdt", UNEVEN])
    page.open_notebook("uneven.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.execute("jupyter-sdt:open-job", jobName="uneven")
    job = page.page.locator(".sdt-Page")
    job.get_by_role("tab", name="Ranks").click()
    heat = job.get_by_role("img", name="Rank 1 is slowest, and the others wait for it: it works")
    heat.wait_for()
    job.locator("[role=img][aria-label*='Memory (GiB): rank 0']").wait_for()
    job.locator("[role=img][aria-label*='CPU']").wait_for()
    job.locator('[data-status="Completed"]').wait_for()
    page.picture("ranks")
    heat.press("ArrowDown")
    page.expect(job.locator(".sdt-HeatMap output")).to_have_text(re.compile("rank 1, step.* ms"))
    job.locator(".sdt-HeatMap .sdt-Chart-table summary").click()
    job.locator(".sdt-HeatMap").get_by_role("rowheader", name="1", exact=True).wait_for()
    job.get_by_role("tab", name="Environment").click()
    job.get_by_role("rowheader", name="torch", exact=True).wait_for()
    job.get_by_role("searchbox").fill("colour")
    page.expect(job.get_by_role("rowheader")).to_have_text(["COLOUR"])
    page.picture("environment")
    job.get_by_role("tab", name="Plan").click()
    job.get_by_text("python -m jupyter_sdt.runtime.run").first.wait_for()
