"""The pipeline of a job, and a choice among many metrics, on the page of a job that really ran."""

from __future__ import annotations

import pytest
from lab_looks import DARK, LIGHT, faults

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Six metrics beside those that a training step records by itself.
MAGIC = "%%sdt_train --processes 2 --distribution pipeline=2,microbatches=4 --name stages --no-wait"
STAGES = """
import torch
from torch import nn
from jupyter_sdt.runtime import DistributedModel, init, log_metrics

init()
torch.manual_seed(0)
blocks = [nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32)) for _ in range(4)]
module = nn.Sequential(*blocks, nn.Linear(32, 2))
model = DistributedModel(module)
optimizer = model.with_optimizer(torch.optim.SGD(model.parameters(), lr=0.1))
inputs, targets = torch.randn(16, 32), torch.randint(2, (16,))

def loss_of(inputs, targets):
    return nn.functional.cross_entropy(model(inputs), targets)

for step in range(1, 6):
    optimizer.zero_grad()
    loss = model.train_step(loss_of, inputs, targets)
    optimizer.step()
    log_metrics(step, loss=float(loss), **{name: step for name in "abcdef"})
"""


def test_a_step_of_the_pipeline_is_drawn_and_modules_are_listed(page):
    page.write_notebook("stages.ipynb", ["%load_ext jupyter_sdt", MAGIC + STAGES])
    page.open_notebook("stages.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.execute("jupyter-sdt:open-job", jobName="stages")
    job = page.page.locator(".sdt-Page")
    job.get_by_role("tab", name="Stages").click()
    drawing = job.get_by_role("img", name="Bubble: the stages were idle for")
    drawing.wait_for()
    assert "4 microbatches it is at least 20 %" in drawing.get_attribute("aria-label")
    for stage in (0, 1):
        job.get_by_role("table", name=f"Modules of stage {stage}").wait_for()
    job.get_by_role("rowheader", name="3.0", exact=True).wait_for()
    assert {"forward", "backward"} == {
        bar.get_attribute("data-kind") for bar in drawing.locator(".sdt-Gantt-bar").all()
    }
    page.picture("stages")
    job.locator(".sdt-Gantt .sdt-Chart-table summary").click()
    job.locator(".sdt-Gantt").get_by_role("cell", name="backward").first.wait_for()

    job.get_by_role("tab", name="Curves").click()
    job.get_by_text("Metrics: ").click()
    before = job.locator(".sdt-Page-charts figure").count()
    box = job.get_by_role("checkbox", name="b", exact=True)
    box.focus()
    page.page.keyboard.press("Space")
    job.locator(".sdt-Page-charts").get_by_text("b 5", exact=True).wait_for(state="detached")
    assert job.locator(".sdt-Page-charts figure").count() == before - 1
    page.picture("chooser")
    job.get_by_role("button", name="All", exact=True).click()
    job.locator(".sdt-Page-charts").get_by_text("b 5", exact=True).wait_for()

    job.get_by_role("tab", name="Stages").click()
    for theme in (DARK, LIGHT):
        page.use_theme(theme)
        drawing.wait_for()
        page.picture(f"stages-{theme}")
        assert faults(page.page, ".sdt-Page") == []


def test_a_job_without_pipeline_has_no_stages(page):
    cell = "%%sdt_train --processes 2 --name flat\nprint('trained')"
    page.write_notebook("flat.ipynb", ["%load_ext jupyter_sdt", cell])
    page.open_notebook("flat.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    with page.page.expect_response("**/jobs/flat/stages*") as asked:
        page.execute("jupyter-sdt:open-job", jobName="flat")
    assert asked.value.json()["stages"] == 0
    job = page.page.locator(".sdt-Page")
    job.get_by_role("tab", name="Plan").click()
    assert job.get_by_role("tab", name="Stages").count() == 0
