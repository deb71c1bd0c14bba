"""A scaling study below its cell: live without a kernel's help, saved, and on its jobs' pages."""

from __future__ import annotations

import nbformat
import pytest
from lab_looks import DARK, LIGHT, faults

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MIMETYPE = "application/vnd.jupyter-sdt.study+json"
# Each of its jobs trains until the test has seen it.
STUDY = """%%sdt_train --scale 1,2 --oversubscribe --name digits --no-wait
import os
import time
from itertools import count
from jupyter_sdt.runtime.metrics import log_metrics
for step in count(1):
    log_metrics(step=step, loss=1 / step, step_seconds=0.02, samples_per_second=100.0)
    if step > 100 and os.path.exists({seen!r} + os.environ["WORLD_SIZE"]):
        break
    time.sleep(0.02)
"""


def test_a_study_is_drawn_live_survives_a_reload_and_is_saved(page, tmp_path):
    cells = ["%load_ext jupyter_sdt", STUDY.format(seen=f"{tmp_path}/seen-")]
    path = page.write_notebook("study.ipynb", cells)
    page.open_notebook("study.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    output = page.page.locator(".sdt-Output").first
    output.get_by_text("job 1 of 2").wait_for()
    output.get_by_text("digits-n1").first.wait_for()
    page.save()
    page.reload()
    (tmp_path / "seen-1").touch()
    output.get_by_text("job 2 of 2").wait_for()
    output.get_by_role("rowheader", name="1", exact=True).wait_for()
    page.picture("study-live")
    (tmp_path / "seen-2").touch()
    output.get_by_role("rowheader", name="2", exact=True).wait_for()
    speedup = output.get_by_role("img", name="Speedup: 1 at 1 rank")
    assert "at 2 ranks" in speedup.get_attribute("aria-label")
    output.get_by_text("ideal").first.wait_for()
    page.picture("study-done")
    page.wait_for_data(1, MIMETYPE, "study => !study.live")
    page.save()
    output_saved = nbformat.read(path, 4).cells[1].outputs[0]
    saved = output_saved.data[MIMETYPE]
    assert [row["world_size"] for row in saved["table"]["rows"]] == [1, 2]
    assert {"image/png", "image/svg+xml"} & set(output_saved.data)

    output.get_by_role("button", name="digits-n2").click()
    job = page.page.locator(".sdt-Page")
    job.get_by_role("tab", name="Scaling").click()
    job.get_by_role("rowheader", name="2", exact=True).wait_for()
    page.picture("study-tab")
    for theme in (DARK, LIGHT):
        page.use_theme(theme)
        assert faults(page.page, ".sdt-Page") == []
    page.execute("application:close")
    assert faults(page.page, ".sdt-Output") == []
