"""What a job leaves below its cell: one display, live while it runs and a picture afterwards."""

# IPython's display carries no annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import base64
import io
import sys
import time
from typing import Any, Protocol

from IPython.display import display

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.snapshot import Snapshot

# Drawn by the JupyterLab extension; every other front end takes one of the types beside it.
MIMETYPE = "application/vnd.jupyter-sdt.job+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# How often a terminal gets a line.
_TEXT_SECONDS = 5.0


class Output(Protocol):
    """A place that shows a job: opened once, refreshed while it runs, closed at its end."""

    def open(self, snapshot: Snapshot) -> None:
        """Show the job for the first time."""

    def leave(self) -> None:
        """Get ready for what comes after the cell has ended while the job goes on."""

    def refresh(self, snapshot: Snapshot) -> None:
        """Show how it is now."""

    def close(self, snapshot: Snapshot) -> None:
        """Leave behind what stays in the saved notebook."""

    def say(self, text: str) -> None:
        """Show a text below, after the cell itself has ended."""


class NotebookOutput:
    """One mimebundle in a notebook, with a live view of ipywidgets in it."""

    def __init__(self, job: TrainingJob) -> None:
        # Imported only when the job was handed over: its ranks start meanwhile.
        from jupyter_sdt.notebook.view import LiveView  # noqa: PLC0415

        self._job = job
        self._view = LiveView(job)
        self._handle: Any = None
        self._note: Any = None

    def open(self, snapshot: Snapshot) -> None:
        """Display the live bundle."""
        self._view.update(snapshot)
        self._handle = display(self._live_bundle(snapshot), raw=True, display_id=True)

    def leave(self) -> None:
        """Keep a place for :meth:`say`: after its end a cell can only update what it has."""
        self._note = display({"text/plain": ""}, raw=True, display_id=True)

    def refresh(self, snapshot: Snapshot) -> None:
        """Update the widgets; the bundle itself stays."""
        self._view.update(snapshot)

    def close(self, snapshot: Snapshot) -> None:
        """Replace the bundle by the final one.

        It has no widget in it: a notebook opened later would show "model not found" in its place.
        """
        if self._handle is not None:
            # JupyterLab takes a picture's alternative text from here.
            alt = {"image/png": {"alt": snapshot.spoken()}}
            self._handle.update(final_bundle(self._job, snapshot), raw=True, metadata=alt)
        self._view.close()

    def say(self, text: str) -> None:
        """Fill the place that was kept."""
        if self._note is not None and text:
            self._note.update({"text/plain": text}, raw=True)

    def _live_bundle(self, snapshot: Snapshot) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self._view.widget.model_id}
        return {
            MIMETYPE: snapshot.to_json(),
            WIDGET_VIEW: view,
            "text/plain": snapshot.text(),
        }


class TerminalOutput:
    """Lines of text, for IPython in a terminal: one per phase, and one every few seconds."""

    def __init__(self) -> None:
        self._phase = ""
        self._said_seconds = 0.0
        self._quiet = False

    def open(self, snapshot: Snapshot) -> None:
        """Print the first line."""
        self.refresh(snapshot)

    def leave(self) -> None:
        """Be quiet until the end: the user types now."""
        self._quiet = True

    def refresh(self, snapshot: Snapshot) -> None:
        """Print a line when there is news."""
        phase = snapshot.state.secondary_status
        due = time.monotonic() - self._said_seconds > _TEXT_SECONDS
        if not self._quiet and (phase != self._phase or due):
            self._phase, self._said_seconds = phase, time.monotonic()
            self.say(snapshot.text())

    def close(self, snapshot: Snapshot) -> None:
        """Print the last line, unless the cell that waits prints it."""
        if self._quiet:
            self.say(snapshot.text())

    def say(self, text: str) -> None:
        """Print the text."""
        if text:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def final_bundle(job: TrainingJob, snapshot: Snapshot) -> dict[str, Any]:
    """The bundle that stays: our data, a PNG of the curves when there are any, and text."""
    bundle: dict[str, Any] = {MIMETYPE: snapshot.to_json(), "text/plain": snapshot.text()}
    if snapshot.has_curves:
        bundle["image/png"] = base64.b64encode(_picture(job)).decode()
    return bundle


def make_output(shell: Any, job: TrainingJob) -> Output:
    """The fitting output for the shell that asks: a kernel has a browser, a terminal has not."""
    return NotebookOutput(job) if hasattr(shell, "kernel") else TerminalOutput()


def _picture(job: TrainingJob) -> bytes:
    from jupyter_sdt.figures import job_figure  # noqa: PLC0415  (matplotlib: half a second)

    file = io.BytesIO()
    job_figure(job).savefig(file, format="png", dpi=100, bbox_inches="tight")
    return file.getvalue()
