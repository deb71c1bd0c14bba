"""What a person does in JupyterLab, as methods.

Whatever takes time is waited for by a condition that the page itself looks at, never by the clock.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import nbformat
from lab_server import ROOT, TOKEN, LabServer
from support import until

# What tests leave to look at: pictures of what they saw, and more of those that failed.
ARTIFACTS = Path(os.environ.get("SDT_SCREENSHOTS") or ROOT / "build" / "browser")
# A job, a kernel and a page share a machine that others keep busy; only a hang takes so long.
PATIENCE_MS = 90_000
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
# Loaded, and past the moment when it takes ``reset`` out of its address: reloaded before that, it
# would forget its layout once more.
SETTLED = """() => !location.search.includes('reset')
    && window.jupyterapp?.restored.then(() => true)"""
IDLE = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    return context?.isReady && context.session?.kernel?.status === 'idle';
}"""
STEP_BEYOND = """([place, before]) => {
    const found = /step (\\d+)/.exec(document.querySelector(place)?.textContent ?? '');
    return found && Number(found[1]) > before;
}"""
# Notes each step that is shown while its job trains.
WATCH_STEPS = """place => {
    window.sdtSteps = new Set();
    new MutationObserver(() => {
        const facts = document.querySelector(place);
        const found = /step (\\d+)/.exec(facts?.textContent ?? '');
        if (found && facts.parentElement.querySelector('[data-status="InProgress"]')) {
            window.sdtSteps.add(Number(found[1]));
        }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def browser_path() -> str | None:
    """Where the system's Chromium is; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def launch_browser(playwright: Any) -> Any:
    """Start the system's Chromium; None where there is none."""
    path = browser_path()
    return path and playwright.chromium.launch(executable_path=path, args=QUIET)


class LabPage:
    """One browser window with JupyterLab in it."""

    def __init__(self, page: Any, server: LabServer) -> None:
        self.page, self.server, self.notebooks = page, server, server.notebooks
        self.errors: list[str] = []
        self.journal: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self._note("error", f"{error}\n{error.stack}"))
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("requestfailed", lambda request: self._log("failed", request.url))
        page.on("response", lambda reply: reply.ok or self._log(str(reply.status), reply.url))
        page.on("framenavigated", lambda frame: self._log("address", frame.url))
        page.on("websocket", self._log_socket)
        page.on("crash", lambda _: self._note("error", "the page crashed"))

    def _note(self, kind: str, text: str) -> None:
        self._log(kind, text)
        if kind == "error" and HARMLESS not in text:
            self.errors.append(text)

    def _log(self, kind: str, text: str) -> None:
        self.journal.append(f"{time.strftime('%H:%M:%S')} {kind}: {text}")

    def _log_socket(self, socket: Any) -> None:
        self._log("socket opened", socket.url)
        socket.on("close", lambda _: self._log("socket closed", socket.url))

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
        self.page.wait_for_function(SETTLED)
        self.wait_for_kernel()

    def open_lab(self, workspace: str) -> None:
        """Open JupyterLab without a document."""
        self.page.goto(f"{self.server.base}lab/workspaces/{workspace}?token={TOKEN}&reset")
        self.page.wait_for_function(SETTLED)

    def reload(self) -> None:
        """Load the page anew, as F5 does, and wait until all that was open is there again."""
        self.page.reload()
        self.page.wait_for_function(SETTLED)

    def wait_for_layout(self, name: str) -> None:
        """Wait until JupyterLab has saved which widgets are open: a moment after a change."""
        workspace = re.search(r"/workspaces/([^/?]+)", self.page.url)
        assert workspace, self.page.url

        def saved() -> str:
            found = self.server.ask("GET", f"lab/api/workspaces/{workspace[1]}")
            return json.dumps(found["data"].get("layout-restorer:data", {}).get("main"))

        until(lambda: name in saved(), PATIENCE_MS / 1000)

    def wait_for_kernel(self) -> None:
        """Wait until a cell can be run: before, JupyterLab would ask which kernel to take."""
        self.page.wait_for_function(IDLE)

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
        place = [f"{inside} {FACTS}", self.step_shown(inside)]
        self.page.wait_for_function(STEP_BEYOND, arg=place, polling=100)

    def watch_steps(self, inside: str = ".sdt-JobRenderer") -> None:
        """Note from now on which steps of training are shown: a short job may be over soon."""
        self.page.evaluate(WATCH_STEPS, f"{inside} {FACTS}")

    def wait_until_watched(self) -> None:
        """Wait until two steps were shown of a job that trained, since :meth:`watch_steps`."""
        self.page.wait_for_function("() => window.sdtSteps.size > 1")

    def wait_for_data(self, place: int, mimetype: str, condition: str) -> None:
        """Wait for what a cell has displayed to fulfil a condition, a function of JavaScript."""
        cell = f"jupyterapp.shell.currentWidget.content.widgets[{place}]"
        data = f"{cell}.model.toJSON().outputs.flatMap(output => output.data?.['{mimetype}'] ?? [])"
        self.page.wait_for_function(f"() => {data}.some({condition})")

    def expect(self, locator: Any) -> Any:
        """Playwright's assertions about an element, which wait until they hold."""
        from playwright.sync_api import expect

        expect.set_options(timeout=PATIENCE_MS)
        return expect(locator)

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
        """Keep a screenshot for whoever wants to look."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def keep(self, name: str) -> None:
        """Leave all that may say why a test failed: what was said, logged, seen and drawn."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        (ARTIFACTS / f"{name}.txt").write_text("\n".join(self.journal))
        shutil.copy(self.server.log, ARTIFACTS / f"{name}.log")
        self.picture(name)
        (ARTIFACTS / f"{name}.html").write_text(self.page.content())
