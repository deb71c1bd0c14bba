"""The first example, as a newcomer runs it in JupyterLab, and what stays of it."""

from __future__ import annotations

import shutil

import nbformat
import pytest
from lab_server import ROOT
from nbconvert import HTMLExporter

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

EXAMPLE = ROOT / "examples" / "01_first_job.ipynb"
MIMETYPE = "application/vnd.jupyter-sdt.job+json"


@pytest.fixture(scope="module")
def places():
    """Where the example's cells are, by a word in them."""
    cells = nbformat.read(EXAMPLE, 4).cells
    words = {"extension": "%load_ext", "data": "load_digits", "job": "--out accuracy"}
    return {
        name: next(i for i, cell in enumerate(cells) if word in cell.source)
        for name, word in words.items()
    }


def test_the_example_is_watched_live_saved_and_read_without_a_kernel(page, open_window, places):
    path = page.notebooks / EXAMPLE.name
    shutil.copy(EXAMPLE, path)
    page.open_notebook(path.name)
    page.run_cell(places["extension"])
    page.run_cell(places["data"])
    page.watch_steps()
    page.start_cell(places["job"])
    page.page.locator(".sdt-JobRenderer .uplot canvas").first.wait_for()
    page.wait_until_watched()
    page.page.locator(".sdt-JobRenderer").scroll_into_view_if_needed()
    page.picture("example-live")
    page.page.locator('.sdt-JobRenderer [data-status="Completed"]').wait_for()
    page.wait_for_cell()
    # What the kernel leaves at the end of its cell has few points; the page adds the others.
    page.wait_for_data(places["job"], MIMETYPE, "job => job.complete")
    page.save()
    notebook = nbformat.read(path, 4)
    (output,) = [o for o in notebook.cells[places["job"]].outputs if MIMETYPE in o.get("data", ())]
    assert output.data[MIMETYPE]["series"]["loss"]
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert f'src="data:image/png;base64,{output.data["image/png"][:80]}' in html
    reader = open_window(page.server)
    read_without_a_kernel(reader, notebook)
    assert reader.page.locator(".sdt-Chart-title").all_inner_texts()[0].startswith("loss ")
    reader.picture("example-without-kernel")


def read_without_a_kernel(reader, notebook):
    """Open it as a colleague does who has no kernel for it."""
    notebook.metadata.clear()  # else JupyterLab starts a kernel of the same language
    nbformat.write(notebook, reader.notebooks / "received.ipynb")
    reader.open_lab("reader")
    reader.page.evaluate(
        "() => { jupyterapp.commands.execute('docmanager:open', {path: 'received.ipynb'}); }"
    )
    dialog = reader.page.get_by_role("dialog").filter(has_text="Select Kernel")
    dialog.get_by_role("button", name="No Kernel").click()
    reader.page.locator(".sdt-JobRenderer .uplot canvas").first.wait_for()
    assert reader.page.evaluate(KERNEL) is None


KERNEL = "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel ?? null"
