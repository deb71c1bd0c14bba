"""Take the documents' pictures of JupyterLab anew: real training, a real server, a real browser.

    make screenshots
    make screenshots ARGS=spot    # those of one job alone: digits, spot or uneven

It needs what the browser tests need: Chromium and playwright; and moto's server, for the picture
of a job on instances, which is rehearsed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from lab_page import LabPage, launch_browser  # noqa: E402
from lab_server import LabServer  # noqa: E402
from support import until  # noqa: E402

from jupyter_sdt.rehearsal import Conditions, rehearse  # noqa: E402

IMAGES = ROOT / "docs" / "images"
EXAMPLE = ROOT / "examples" / "01_first_job.ipynb"
MAGIC = "%%sdt_train --processes 2 --name digits --no-wait\n"
# Rank 2 reads its batches from a slow disk, as it were.
UNEVEN = """%%sdt_train --processes 3 --name uneven --no-wait
import time
import torch
from jupyter_sdt.runtime import DistributedModel, init

context = init()
torch.manual_seed(context.rank)
model = DistributedModel(torch.nn.Sequential(*(torch.nn.Linear(256, 256) for _ in range(6))))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(400):
    time.sleep(0.02 if context.rank == 2 else 0)
    optimizer.zero_grad()
    model(torch.randn(64, 256)).square().mean().backward()
    optimizer.step()
"""
# A job on spot instances, which are taken away once; it goes on from its checkpoint.
FLAGS = (
    *("--name digits-spot", "--no-wait", "--instance-type ml.g5.48xlarge", "--processes 2"),
    *("--role arn:aws:iam::123456789012:role/Training", "--framework-version 2.5.1"),
    *("--py-version py311", "--use-spot-instances", "--max-run 14400", "--max-wait 28800"),
)
SPOT = f"""%%sdt_train {" ".join(FLAGS)}
import time
from jupyter_sdt.runtime import log_metrics

for step in range(120):
    log_metrics(step, loss=1 / (1 + step))
    time.sleep(0.1)
"""
# Enough of the curve to look at, before the job has ended.
STEPS = 60
OUTPUT, PAGE, FORM = ".sdt-JobRenderer", ".sdt-Page", ".sdt-Layout"


def training_cell() -> str:
    """The example's training as one cell, with its data."""
    sources = [cell.source for cell in nbformat.read(EXAMPLE, 4).cells]
    data = next(text for text in sources if "load_digits" in text).partition("\nfigure, ")[0]
    training = next(text for text in sources if "--out accuracy" in text).partition("\n")[2]
    return f"{data.replace('import matplotlib.pyplot as plt', '').strip()}\n\n{training}"


def keep(screen: Any, name: str) -> None:
    """Save what is seen, when all has been drawn and no cursor blinks."""
    path = IMAGES / f"{name}.png"
    screen.screenshot(path=path, animations="disabled", caret="hide")
    print(f"screenshots: {path.relative_to(ROOT)}")


def cell_and_panel(window: LabPage) -> None:
    """A job below its cell while it trains, and in the panel."""
    cell = training_cell()
    window.write_notebook("digits.ipynb", ["%load_ext jupyter_sdt", MAGIC + cell, cell])
    window.open_notebook("digits.ipynb")
    window.execute("jupyter-sdt:show-panel")
    window.run_cell(0)
    window.run_cell(1)
    output = window.page.locator(OUTPUT)
    output.locator(".uplot canvas").first.wait_for()
    output.scroll_into_view_if_needed()
    until(lambda: window.step_shown() > STEPS, 60)
    keep(window.page, "lab")


def job_page(window: LabPage) -> None:
    """The page of the job, when it has ended."""
    window.execute("jupyter-sdt:open-job", jobName="digits")
    window.page.locator(f'{PAGE} [data-status="Completed"]').wait_for(timeout=120_000)
    window.page.locator(f"{PAGE} .uplot canvas").first.wait_for()
    close_notifications(window)
    keep(window.page, "lab_job")
    window.execute("application:close")


def ranks(window: LabPage) -> None:
    """Three ranks of which one is slow, on the page of their job."""
    window.write_notebook("uneven.ipynb", ["%load_ext jupyter_sdt", UNEVEN])
    window.open_notebook("uneven.ipynb")
    window.run_cell(0)
    window.run_cell(1)
    window.execute("jupyter-sdt:open-job", jobName="uneven")
    page = window.page.locator(f"{PAGE}:visible")
    page.locator('[data-status="Completed"]').wait_for(timeout=240_000)
    page.get_by_role("tab", name="Ranks").click()
    page.locator(".sdt-HeatMap canvas").wait_for()
    page.locator(".uplot canvas").first.wait_for()
    close_notifications(window)
    window.page.set_viewport_size({"width": 1400, "height": 680})
    keep(page, "lab_ranks")


def close_notifications(window: LabPage) -> None:
    """What pops up in a corner is no part of a picture; the end of the job is told there."""
    toasts = window.page.locator(".Toastify__toast")
    toasts.filter(has_text="Completed").first.wait_for()
    while toasts.count():
        with suppress(PlaywrightError):  # it went away by itself
            toasts.first.get_by_role("button", name="close").click(timeout=1000)
        window.page.wait_for_timeout(200)


def launch_form(window: LabPage) -> None:
    """The form with another cell, planned for two nodes."""
    window.page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 2; }")
    window.execute("jupyter-sdt:new-job")
    window.page.locator(".sdt-Field[data-field='instance_count'] input").first.fill("2")
    window.page.locator(f"{FORM} figcaption", has_text="2 nodes").wait_for()
    window.page.get_by_text("Plan", exact=True).click()  # paths of this machine
    keep(window.page, "lab_form")


def bill(window: LabPage) -> None:
    """A rehearsed job on spot instances: its bill beside the list."""
    window.write_notebook("spot.ipynb", ["%load_ext jupyter_sdt", SPOT])
    window.open_notebook("spot.ipynb")
    window.run_cell(0)
    window.run_cell(1)
    window.execute("jupyter-sdt:show-panel")
    window.execute("jupyter-sdt:open-job", jobName="digits-spot")
    page = window.page.locator(f"{PAGE}:visible")
    page.locator('[data-status="Completed"]').wait_for(timeout=240_000)
    page.get_by_role("tab", name="Cost").click()
    page.get_by_text("Saved by spot").wait_for()
    close_notifications(window)
    window.page.set_viewport_size({"width": 1400, "height": 560})
    keep(window.page, "lab_cost")


# By job; each finds what was left by the one before.
TAKES = {"digits": (cell_and_panel, job_page, launch_form), "spot": (bill,), "uneven": (ranks,)}


@contextmanager
def account() -> Iterator[None]:
    """A rehearsed AWS for the server that is started inside; prices are those of the package."""
    conditions = Conditions(starting_seconds=2.0, interrupt_after_seconds=8.0, capacity_seconds=2.0)
    with rehearse(conditions=conditions) as service, tempfile.TemporaryDirectory() as nothing:
        os.environ.update(service.environment)
        os.environ["SDT_PRICES"] = f"{nothing}/none"
        yield


def main() -> int:
    """Start a server and a browser, take the pictures, stop both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", nargs="?", choices=list(TAKES), help="all when left out")
    given = parser.parse_args().job
    with account(), tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch_browser(playwright)
        if browser is None:
            print("screenshots: chromium is not installed", file=sys.stderr)
            return 1
        server = LabServer(Path(folder) / "lab")
        try:
            server.wait()
            context = browser.new_context()
            window = LabPage(context.new_page(), server)
            for job in [given] if given else TAKES:
                window.page.set_viewport_size({"width": 1400, "height": 1000})
                for take in TAKES[job]:
                    take(window)
        finally:
            server.close()
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
