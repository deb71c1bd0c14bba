"""The launch form: what would start is shown before anything does, then it starts."""

from __future__ import annotations

import pytest
from support import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TRAINING = """import time
from jupyter_sdt.runtime import init, log_metrics

context = init()
for step in range(20):
    log_metrics(step, loss=1 / (1 + step))
print("rank", context.rank, "has ended")
"""
DEGREES = "4 ranks on 1 node: data 2 \u00d7 pipeline 2"
SCRIPT = "import sys\nprint('arguments', sys.argv[1:])\n"


def field(screen, name):
    return screen.locator(f".sdt-Field[data-field='{name}']").first


def control(screen, name):
    return field(screen, name).locator("input, select, textarea").first


def planned(screen, text):
    """Wait until the plan says so."""
    screen.locator(".sdt-Preview pre", has_text=text).wait_for()


def test_a_cell_is_planned_drawn_and_started_from_the_form(page):
    page.write_notebook("form.ipynb", [TRAINING])
    page.open_notebook("form.ipynb")
    screen = page.page
    page.execute("jupyter-sdt:new-job")
    screen.locator(".sdt-Target-cell", has_text="import time").wait_for()
    planned(screen, "world_size 2")
    control(screen, "instance_count").fill("2")
    planned(screen, "world_size 4")
    assert "4 ranks on 2 nodes" in screen.locator(".sdt-Layout figcaption").inner_text()
    rows = screen.locator(".sdt-Layout tr")
    assert rows.all_inner_texts() == ["algo-1\t\n0 D0\n1 D1", "algo-2\t\n2 D2\n3 D3"]
    page.picture("form-plan")

    control(screen, "processes_per_node").fill("two")
    told = field(screen, "processes_per_node").locator(".sdt-Field-fault")
    assert told.inner_text() == "Not a whole number."
    start = screen.get_by_role("button", name="Start", exact=True)
    assert start.is_disabled()
    control(screen, "processes_per_node").fill("2")
    control(screen, "job_name").fill("no_name")
    field(screen, "job_name").get_by_text("'no-name' would do").wait_for()
    page.picture("form-refused")
    control(screen, "job_name").fill("from-form")
    control(screen, "instance_count").fill("")
    control(screen, "hyperparameters").fill("lr=0.5\nnote=a b")
    planned(screen, "from-form: nursery, world_size 2")
    start.click()
    row = screen.locator(".sdt-JobRow", has_text="from-form")
    row.locator("[data-status='Completed']").wait_for()
    cell = screen.locator(".jp-CodeCell").first.inner_text()
    assert "--processes 2 --hp lr=0.5 --hp 'note=a b'\n" in cell
    screen.locator(".sdt-JobRenderer [data-status='Completed']").wait_for()
    page.picture("form-started")


def test_degrees_of_a_strategy_and_what_is_missing_are_shown(page):
    page.write_notebook("degrees.ipynb", ["%%sdt_train --processes 4 --in data\nprint(data)"])
    page.open_notebook("degrees.ipynb")
    screen = page.page
    page.execute("jupyter-sdt:new-job")
    screen.get_by_text("Only the kernel can plan this").wait_for()
    assert control(screen, "processes_per_node").input_value() == "4"
    control(screen, "instance_type").fill("local_gpu")
    hint = field(screen, "instance_type").locator(".sdt-Field-hint")
    if hint.count():  # a machine with GPUs lacks none
        assert "GPU is missing here" in hint.first.inner_text()
    control(screen, "instance_type").fill("")
    control(screen, "distribution").select_option("modelparallel")
    control(screen, "pipeline_parallel_degree").fill("2")
    control(screen, "ddp").check()
    control(screen, "variables_in").fill("")
    planned(screen, "world_size 4")
    drawn = screen.locator(".sdt-Layout")
    assert drawn.locator("figcaption").inner_text() == DEGREES
    places = ["0 D0 P0", "1 D0 P1", "2 D1 P0", "3 D1 P1"]
    assert [text.replace("\n", " ") for text in drawn.locator("li").all_inner_texts()] == places
    control(screen, "pipeline_parallel_degree").fill("3")
    field(screen, "distribution").get_by_text("are not a multiple").wait_for()
    page.picture("form-degrees")
    control(screen, "pipeline_parallel_degree").fill("2")
    control(screen, "variables_in").fill("data")
    screen.get_by_role("button", name="Write cell").click()
    line = screen.evaluate(
        "() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    ).split("\n")[0]
    assert line.startswith("%%sdt_train --in data --processes 4 --distribution '{")
    assert '"parameters":{"pipeline_parallel_degree":2,"ddp":true}' in line


def test_a_file_is_trained_from_the_file_browser(page):
    (page.notebooks / "train.py").write_text(SCRIPT)
    page.write_notebook("file.ipynb", [""])
    page.open_notebook("file.ipynb")
    screen = page.page
    page.execute("filebrowser:activate")
    item = screen.locator(".jp-DirListing-item", has_text="train.py")
    item.click(button="right")
    screen.get_by_text("Train This File…").click()
    assert screen.get_by_label("Path of the script").input_value() == "train.py"
    control(screen, "hyperparameters").fill('{"lr": 0.25}')
    control(screen, "job_name").fill("from-file")
    planned(screen, "from-file: nursery, world_size 2")
    page.picture("form-file")
    screen.get_by_role("button", name="Start", exact=True).click()
    screen.locator(".sdt-JobRow", has_text="from-file").locator(
        "[data-status='Completed']"
    ).wait_for()
    log = page.server.jobs / "from-file" / "logs" / "rank-1.log"
    until(lambda: "arguments ['--lr', '0.25']" in log.read_text())
