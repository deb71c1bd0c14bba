"""A curve below a cell: live, after a reload, saved in the notebook."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MIMETYPE = "application/vnd.jupyter-sdt.job+json"
CONTRACT = Path(__file__).parents[1] / "contract" / "mimebundle.json"
EVIL = "<img src=x onerror='window.harm = 1'>"
# Trains until the test has seen enough of it.
TRAINING = """%%sdt_train --processes 2 --name curve --no-wait
import os
import time
import torch
from jupyter_sdt.runtime import DistributedModel, init

context = init()
torch.manual_seed(0)
model = DistributedModel(torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
truth = torch.randn(8, 1)
while not os.path.exists({enough!r}):
    batch = torch.randn(32, 8)
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(batch), batch @ truth)
    loss.backward()
    optimizer.step()
    time.sleep(0.02)
"""


def saved_output(**changes):
    """An output as a notebook keeps it when its job is over."""
    saved = json.loads(CONTRACT.read_text())["examples"][0]
    over = {"live": False, "complete": True, "status": "Completed", "secondary_status": "Completed"}
    data = {MIMETYPE: saved | over | changes, "text/plain": "a job"}
    return new_output("display_data", data)


def test_a_curve_outlives_page_and_kernel_and_is_saved(page, tmp_path):
    enough = tmp_path / "enough"
    cells = ["%load_ext jupyter_sdt", TRAINING.format(enough=str(enough))]
    path = page.write_notebook("curve.ipynb", cells)
    page.open_notebook("curve.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.page.locator(".sdt-JobRenderer .uplot canvas").first.wait_for()
    page.wait_for_steps()
    page.wait_for_steps()
    first = page.step_shown()
    page.picture("live")
    page.save()

    page.reload()
    page.page.locator(".sdt-JobRenderer .uplot canvas").first.wait_for()
    page.wait_for_steps()
    assert page.step_shown() > first
    page.wait_for_kernel()
    page.restart_kernel()
    page.wait_for_steps()

    enough.touch()
    page.page.locator('.sdt-JobRenderer [data-status="Completed"]').wait_for()
    page.wait_for_data(1, MIMETYPE, "job => job.complete")
    page.picture("completed")
    page.save()
    output = nbformat.read(path, 4).cells[1].outputs[0]
    recorded = (page.server.jobs / "curve" / "metrics" / "rank-0.jsonl").read_text().splitlines()
    last = max(json.loads(line)["step"] for line in recorded)
    assert output.data[MIMETYPE]["series"]["loss"][-1][0] == last
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    assert {"image/png", "image/svg+xml"} & set(output.data)


def test_a_notebook_of_last_month_shows_its_curve_and_runs_nothing_of_it(page):
    curve = [[step, 100 / (1 + step)] for step in range(200)]
    failed = {"job_name": EVIL, "status": "Failed", "secondary_status": "", "failure_reason": EVIL}
    output = saved_output(**failed, series={EVIL: curve, "samples/s": curve})
    page.write_notebook("old.ipynb", ["# trained"], [output])
    page.open_notebook("old.ipynb")
    charts = page.page.locator(".sdt-JobRenderer .uplot canvas")
    charts.nth(1).wait_for()
    assert page.page.locator(".sdt-Failure").inner_text() == EVIL
    assert page.page.evaluate("() => window.harm") is None
    page.use_theme("JupyterLab Dark")
    page.picture("dark")


def test_arrow_keys_read_out_the_curve_and_a_table_lists_it(page):
    output = saved_output(series={"loss": [[1, 0.5], [2, 0.25]]})
    page.write_notebook("keys.ipynb", ["# trained"], [output])
    page.open_notebook("keys.ipynb")
    chart = page.page.get_by_role("img", name="loss 0.25, falling")
    chart.locator("canvas").wait_for()  # drawn a frame after its place was made
    chart.focus()
    chart.press("ArrowRight")
    chart.press("ArrowRight")
    page.page.get_by_text("step 2 · loss 0.25").wait_for()
    page.page.locator(".sdt-Chart-table summary").click()
    rows = page.page.locator(".sdt-Chart-table tr")
    page.expect(rows).to_have_count(3)  # it is filled when it is opened, a moment after the click
    assert rows.all_inner_texts() == ["step\tloss", "1\t0.5", "2\t0.25"]
