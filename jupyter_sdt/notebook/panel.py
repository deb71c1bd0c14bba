"""``%sdt_panel``: jobs, the curves of one of them, and a form that writes a cell."""

from __future__ import annotations

import threading
from html import escape
from typing import Any

import ipywidgets

from jupyter_sdt.errors import SdtError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.busy_button import busy_button
from jupyter_sdt.notebook.launch_form import LaunchForm
from jupyter_sdt.notebook.snapshot import look
from jupyter_sdt.notebook.view import LiveView
from jupyter_sdt.notebook.watching import REDRAW_SECONDS
from jupyter_sdt.store.job_store import list_job_names

_SHOWN_JOBS = 50


class Panel:
    """The panel's widgets. One thread follows the chosen job until another one is chosen."""

    def __init__(self, shell: Any) -> None:
        self._chosen = threading.Event()
        self.jobs = ipywidgets.Select(
            description="Jobs", rows=8, tooltip="Jobs, newest first", options=[]
        )
        self.refresh_button = busy_button("Refresh", "Read the list of jobs again", self.refresh)
        self.job_box = ipywidgets.VBox()
        self.form = LaunchForm(shell)
        self.widget = ipywidgets.Tab(
            [
                ipywidgets.VBox([ipywidgets.HBox([self.jobs, self.refresh_button]), self.job_box]),
                self.form.widget,
            ],
            titles=("Jobs", "New job"),
        )
        self.jobs.observe(lambda _change: self.show(self.jobs.value), names="value")
        self.refresh()

    def refresh(self) -> None:
        """Read the list of jobs again; the chosen one stays chosen."""
        names, chosen = list_job_names()[:_SHOWN_JOBS], self.jobs.value
        self.jobs.options = names
        if chosen in names:
            self.jobs.value = chosen
        elif names:
            self.jobs.value = names[0]

    def show(self, name: str | None) -> None:
        """Show the curves of a job, live while it runs."""
        self._chosen.set()
        self._chosen = threading.Event()
        if name is None:
            return
        try:
            job = TrainingJob.attach(name)
            view = LiveView(job)
            view.update(look(job))
        except (SdtError, OSError) as error:
            self.job_box.children = [ipywidgets.HTML(escape(str(error)))]
            return
        self.job_box.children = [view.widget]
        threading.Thread(target=_follow, args=(job, view, self._chosen), daemon=True).start()


def _follow(job: TrainingJob, view: LiveView, another: threading.Event) -> None:
    """Redraw until the job ends or another one was chosen."""
    while not another.wait(REDRAW_SECONDS):
        snapshot = look(job)
        view.update(snapshot)
        if snapshot.state.terminal:
            return
