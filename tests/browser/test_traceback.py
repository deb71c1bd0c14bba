"""From the traceback of a failed rank to the line in the notebook or file."""

from __future__ import annotations

import pytest
from support import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

BROKEN = """%%sdt_train --processes 2 --name wrong-line --no-wait
values = [1, 2]


def pick(place):
    return values[place]


pick(7)
"""
SCRIPT = "import os\n\n\ndef load():\n    raise OSError('no data')\n\n\nload()\n"
# What is selected, and where: in a notebook's active cell, or in a file.
SELECTED = """() => {
    const content = jupyterapp.shell.currentWidget?.content;
    const editor = content?.activeCell?.editor ?? content?.editor;
    const path = jupyterapp.shell.currentWidget?.context?.path;
    const { start, end } = editor?.getSelection() ?? {};
    const text = start && editor.model.sharedModel.getSource().split('\\n')[start.line];
    return text === undefined ? null : [path, text.slice(start.column, end.column)];
}"""


TOP_OF_SELECTION = """() => {
    const { editor } = jupyterapp.shell.currentWidget.content.activeCell;
    return editor?.getCoordinateForPosition(editor.getSelection().start)?.top ?? -1;
}"""


def wait_for_selection(page, path: str, text: str) -> None:
    page.page.wait_for_function(
        f"([path, text]) => {{ const found = ({SELECTED})();"
        " return found && found[0] === path && found[1] === text; }",
        arg=[path, text],
    )


def test_a_click_on_the_traceback_selects_the_line_of_the_cell(page):
    filler = ["# filler\n" * 40] * 3
    page.write_notebook("wrong.ipynb", ["%load_ext jupyter_sdt", *filler, BROKEN])
    page.open_notebook("wrong.ipynb")
    page.run_cell(0)
    page.run_cell(4)
    output = page.page.locator(".sdt-JobRenderer")
    output.locator('[data-status="Failed"]').wait_for()
    output.get_by_role("button", name="Go to line 6").click()
    wait_for_selection(page, "wrong.ipynb", "    return values[place]")
    page.picture("traceback-below-the-cell")

    # From its page, with the notebook closed and another line of the traceback.
    page.save()
    output.get_by_role("button", name="Open job page").click()
    page.page.locator(".sdt-Page .sdt-Failure").wait_for()
    page.execute("application:close-other-tabs")
    trace = page.page.locator(".sdt-Page .sdt-Failure pre")
    page.picture("traceback-page")
    trace.get_by_role("button", name="Cell In[2], line 9").click()
    wait_for_selection(page, "wrong.ipynb", "pick(7)")
    until(lambda: 90 < page.page.evaluate(TOP_OF_SELECTION) < 850)
    page.picture("traceback-cell")


def test_a_click_on_a_file_opens_it_at_the_line(page):
    (page.notebooks / "script.py").write_text(SCRIPT)
    flags = "--entry-point script.py --name wrong-file --no-wait"
    page.write_notebook("file.ipynb", ["%load_ext jupyter_sdt", f"%%sdt_train {flags}\n"])
    page.open_notebook("file.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    output = page.page.locator(".sdt-JobRenderer")
    output.locator('[data-status="Failed"]').wait_for()
    output.get_by_role("button", name="Go to line 5").click()
    wait_for_selection(page, "script.py", "    raise OSError('no data')")
    page.picture("traceback-file")
