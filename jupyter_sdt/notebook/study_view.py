"""The live view of a scaling study: which job runs, its curves, and the scaling curve so far."""

from __future__ import annotations

import time
from html import escape

import ipywidgets

from jupyter_sdt.notebook.snapshot import look
from jupyter_sdt.notebook.view import LiveView
from jupyter_sdt.scaling.study import ScalingStudy

# Slower than for a single job: here the ranks are being measured, often on every core there is.
_REDRAW_SECONDS = 1.0


class StudyView:
    """Widgets for one study. The picture is drawn between two jobs, so as not to disturb them."""

    def __init__(self, study: ScalingStudy) -> None:
        self._status = ipywidgets.HTML()
        self._picture = ipywidgets.Image(format="png")
        self._picture.layout.display = "none"
        self._job: LiveView | None = None
        self._drawn_jobs, self._due = 0, 0.0
        self.widget = ipywidgets.VBox([self._status, self._picture])
        self.update(study)

    def update(self, study: ScalingStudy) -> None:
        """Show the study; called at least five times a second while a job runs."""
        job = study.current_job
        if job is None:
            self._draw(study)
        elif self._job is None or self._job.job is not job:
            self._show_job(LiveView(job))
        if self._job is not None and (job is None or time.monotonic() >= self._due):
            self._due = time.monotonic() + _REDRAW_SECONDS
            self._status.value = escape(status_line(study))
            self._job.update(look(self._job.job))

    def close(self) -> None:
        """Take the widgets away, in the browser too."""
        if self._job is not None:
            self._job.close()
        for widget in (self._status, self._picture, self.widget):
            widget.layout.close()
            widget.close()

    def _show_job(self, view: LiveView) -> None:
        before, self._job, self._due = self._job, view, 0.0
        self.widget.children = (self._status, self._picture, view.widget)
        if before is not None:
            before.close()

    def _draw(self, study: ScalingStudy) -> None:
        if study.rows and self._drawn_jobs != len(study.jobs):
            self._drawn_jobs = len(study.jobs)
            self._picture.value = study._repr_png_()
            self._picture.layout.display = None


def status_line(study: ScalingStudy) -> str:
    """``digits: job 2 of 3, world size 2``."""
    total = len(list(study.settings.points()))
    if not study.jobs:
        return f"{study.name}: {total} jobs"
    size = study.jobs[-1].spec.world_size
    return f"{study.name}: job {len(study.jobs)} of {total}, world size {size}"
