"""A curve below a cell: live, after a reload, saved in the notebook."""

from __future__ import annotations

import re

import nbformat
import pytest
from support import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

MIMETYPE = "application/vnd.jupyter-sdt.job+json"
TRAINING = """%%sdt_train --processes 2 --name curve --no-wait
import time
import torch
from jupyter_sdt.runtime import DistributedModel, init

context = init()
torch.manual_seed(0)
model = DistributedModel(torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
truth = torch.randn(8, 1)
for step in range(400):
    batch = torch.randn(32, 8)
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(batch), batch @ truth)
    loss.backward()
    optimizer.step()
    time.sleep(0.02)
"""


def step_shown(page) -> int:
    """The step in the output's head line."""
    found = re.search(r"step (\d+)", page.page.locator(".sdt-JobHeader-facts").inner_text())
    return int(found.group(1)) if found else 0


def test_a_curve_is_live_survives_a_reload_and_is_saved(page, lab):
    path = page.write_notebook("curve.ipynb", ["%load_ext jupyter_sdt", TRAINING])
    page.open_notebook("curve.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.page.wait_for_selector(".sdt-JobRenderer .uplot canvas", timeout=30_000)
    first = until(lambda: step_shown(page))
    until(lambda: step_shown(page) > first)
    page.picture("live")
    page.save()

    page.page.reload()
    page.page.wait_for_selector(".sdt-JobRenderer .uplot canvas", timeout=30_000)
    again = until(lambda: step_shown(page))
    assert again > first
    until(lambda: step_shown(page) > again)

    page.page.wait_for_selector('.sdt-JobRenderer [data-status="Completed"]', timeout=30_000)
    page.picture("completed")
    page.save()
    output = nbformat.read(path, 4).cells[1].outputs[0]
    saved = output.data[MIMETYPE]
    assert saved["complete"]
    assert saved["series"]["loss"][-1][0] == 400
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    assert {"image/png", "image/svg+xml"} & set(output.data)
