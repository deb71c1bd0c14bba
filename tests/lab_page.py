"""What a person does in JupyterLab, as methods."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
from lab_server import TOKEN, LabServer
from support import until

PICTURES = os.environ.get("SDT_SCREENSHOTS")  # a folder, when somebody wants to look
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# JupyterLab's own words for what was under way when a kernel is restarted: its comms wait for
# their subshells, its debugger for answers.
HARMLESS = "Canceled future for "
FACTS = ".sdt-JobHeader-facts"
BUNDLE = "extensions/jupyter-sdt/static"
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def launch_browser(playwright: Any) -> Any:
    """Start the system's Chromium; None where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    return path and playwright.chromium.launch(executable_path=path, args=QUIET)


class LabPage:
    """One browser window with JupyterLab in it."""

    def __init__(self, page: Any, server: LabServer) -> None:
        self.page, self.server, self.notebooks = page, server, server.notebooks
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self._note(f"{error}\n{error.stack}"))
        page.on("console", lambda message: message.type == "error" and self._note(message.text))

    def _note(self, error: str) -> None:
        if HARMLESS not in error:
            self.errors.append(error)

    def forgive_what_is_not_ours(self) -> None:
        """Forget complaints about a lost server or job, but no exception in our bundle."""
        self.errors[:] = [error for error in self.errors if BUNDLE in error]

    def write_notebook(self, name: str, cells: list[str], outputs: Any = ()) -> Path:
        """Make a notebook of code cells; the last of them has the outputs."""
        made = [nbformat.v4.new_code_cell(cell) for cell in cells]
        made[-1].outputs = list(outputs)
        notebook = nbformat.v4.new_notebook(
            cells=made,
            metadata={"kernelspec": KERNEL},
        )
        path = self.notebooks / name
        nbformat.write(notebook, path)
        return path

    def open_notebook(self, name: str) -> None:
        """Open it in a workspace of its own, and wait for its kernel."""
        address = f"{self.server.base}lab/workspaces/{Path(name).stem}/tree/{name}"
        self.page.goto(f"{address}?token={TOKEN}&reset")
        self.wait_for_kernel()

    def open_lab(self, workspace: str) -> None:
        """Open JupyterLab without a document."""
        self.page.goto(f"{self.server.base}lab/workspaces/{workspace}?token={TOKEN}&reset")
        self.page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)")

    def wait_for_kernel(self) -> None:
        """Wait until a cell can be run: before, JupyterLab would ask which kernel to take."""
        self.page.wait_for_function(
            """() => {
                const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
                return context?.isReady && context.session?.kernel?.status === 'idle';
            }""",
            timeout=60_000,
        )

    def execute(self, command: str, **arguments: Any) -> None:
        """Run a command of JupyterLab and wait for its end."""
        call = f"{json.dumps(command)}, {json.dumps(arguments)}"
        self.page.evaluate(f"() => window.jupyterapp.commands.execute({call}).then(() => null)")

    def run_cell(self, place: int) -> None:
        """Run one cell to its end."""
        self._select(place)
        self.execute("notebook:run-cell")

    def start_cell(self, place: int) -> None:
        """Run one cell; :meth:`wait_for_cell` waits for its end."""
        self._select(place)
        run = "window.jupyterapp.commands.execute('notebook:run-cell')"
        self.page.evaluate(f"() => {{ window.sdtCell = {run}; }}")

    def wait_for_cell(self) -> None:
        """Wait for the end of the cell that was started.

        The kernel's status does not tell: it turns idle with every message of a subshell.
        """
        self.page.evaluate("() => window.sdtCell.then(() => null)")

    def _select(self, place: int) -> None:
        select = f"jupyterapp.shell.currentWidget.content.activeCellIndex = {place}"
        self.page.evaluate(f"() => {{ {select}; }}")

    def step_shown(self, inside: str = ".sdt-JobRenderer") -> int:
        """The step in the head line of a job."""
        found = re.search(r"step (\d+)", self.page.locator(f"{inside} {FACTS}").inner_text())
        return int(found.group(1)) if found else 0

    def wait_for_steps(self, inside: str = ".sdt-JobRenderer") -> None:
        """Wait until training is seen to go on."""
        before = self.step_shown(inside)
        until(lambda: self.step_shown(inside) > before, 60)

    def restart_kernel(self) -> None:
        """Replace the kernel's process by a fresh one."""
        context = "jupyterapp.shell.currentWidget.sessionContext"
        self.page.evaluate(f"() => {context}.restartKernel()")

    def use_theme(self, name: str) -> None:
        """Change JupyterLab's theme and wait until it is there."""
        self.execute("apputils:change-theme", theme=name)
        self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def save(self) -> None:
        """Save the notebook and wait until that is done."""
        self.execute("docmanager:save")

    def picture(self, name: str) -> None:
        """Keep a screenshot, when somebody asked for them."""
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png")
