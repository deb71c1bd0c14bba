"""For everyone: axe finds nothing serious, colours are the theme's, all is reached by keyboard."""

from __future__ import annotations

import pytest
from lab_looks import DARK, LIGHT, faults

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TRAINED = """%%sdt_train --processes 2 --name trained
from jupyter_sdt.runtime import init, log_metrics

context = init()
print("hello from", context.rank)
for step in range(20):
    log_metrics(step, loss=1 / (1 + step), accuracy=step / 20)
"""
BROKEN = """%%sdt_train --processes 2 --name broken --no-wait
values = [1, 2]
values[7]
"""
OUTPUT, PANEL, PAGE = ".sdt-JobRenderer", ".sdt-Panel", ".sdt-Page"
FOCUSED = """part => {
    const node = document.activeElement;
    const style = getComputedStyle(node);
    const seen = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
    return node.closest(part) && [node.outerHTML.slice(0, 120), seen];
}"""
FOCUSABLE = """part => [...document.querySelectorAll(
    `${part} :is(a[href], button, input, select, textarea, summary, [tabindex="0"])`)]
    .filter(node => node.tabIndex >= 0 && !node.disabled && node.checkVisibility())
    .map(node => node.outerHTML.slice(0, 120))"""


@pytest.fixture
def trained(page):
    """A window with a job that has completed and one that has failed."""
    page.write_notebook("trained.ipynb", ["%load_ext jupyter_sdt", TRAINED, BROKEN])
    page.open_notebook("trained.ipynb")
    for place in range(3):
        page.run_cell(place)
    for status in ("Completed", "Failed"):
        page.page.locator(f'{OUTPUT} [data-status="{status}"]').first.wait_for()
    page.execute("jupyter-sdt:show-panel")
    page.page.locator(".sdt-JobRow-name", has_text="broken").wait_for()
    return page


def parts(page):
    """Show one part after the other: where it is."""
    yield OUTPUT
    yield PANEL
    for name in ("broken", "trained"):
        page.execute("jupyter-sdt:open-job", jobName=name)
        tabs = page.page.locator(f"{PAGE}:not(.lm-mod-hidden *)").get_by_role("tab")
        tabs.first.wait_for()
        for place in range(tabs.count()):
            tabs.nth(place).click()
            yield PAGE
        page.execute("application:close")
    page.execute("jupyter-sdt:compare-jobs", jobNames=["broken", "trained"])
    page.page.locator(".sdt-Compare-table").first.wait_for()
    yield PAGE
    page.execute("application:close")
    page.execute("jupyter-sdt:new-job")
    page.page.locator(".sdt-Layout").wait_for()
    yield PANEL


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_axe_finds_nothing_serious_and_all_colours_are_the_themes(trained, theme):
    trained.use_theme(theme)
    found = [fault for part in parts(trained) for fault in faults(trained.page, part)]
    assert found == [], "\n".join(found)


def test_the_tabulator_reaches_everything_and_shows_where_it_is(trained):
    trained.execute("jupyter-sdt:open-job", jobName="trained")
    trained.page.locator(f"{PAGE} .uplot canvas").first.wait_for()
    for part in (PANEL, PAGE):
        wanted = trained.page.evaluate(FOCUSABLE, part)
        assert len(wanted) > 3
        assert [node for node in wanted if node not in tabbed(trained, part)] == []


def tabbed(page, part):
    """What the tabulator goes through, all of it with a visible focus."""
    page.page.evaluate(FIRST, part)
    reached = []
    while found := page.page.evaluate(FOCUSED, part):
        node, seen = found
        assert seen, f"no focus is seen on {node}"
        reached.append(node)
        page.page.keyboard.press("Tab")
    return reached


FIRST = "part => document.querySelector(`${part} :is(button, input, select)`).focus()"
