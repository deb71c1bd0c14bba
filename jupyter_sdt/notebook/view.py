"""The live view of a job in ipywidgets: status, progress, curves, ranks, Stop and Logs."""

from __future__ import annotations

from html import escape

import ipywidgets

from jupyter_sdt.errors import SdtError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.busy_button import busy_button
from jupyter_sdt.notebook.log_tail import log_tail
from jupyter_sdt.notebook.snapshot import RankHealth, Snapshot
from jupyter_sdt.notebook.svg_chart import ORANGE, line_chart

_SHOWN_RANKS = 16
_LOG_LINES = 20


class LiveView:
    """Widgets for one job. :meth:`update` is cheap and may be called from any thread."""

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        self.stop_button = busy_button(
            "Stop", f"Stop job {job.name}: SIGTERM, then SIGKILL after its time", self._stop
        )
        self.logs_button = busy_button(
            "Logs", f"Show or hide the last log lines of job {job.name}", self._toggle_logs
        )
        self._status = ipywidgets.HTML()
        self._bar = ipywidgets.FloatProgress(min=0.0, max=1.0, tooltip=f"Share of {job.name} done")
        self._step = ipywidgets.HTML()
        self._charts = ipywidgets.HTML()
        self._ranks = ipywidgets.HTML()
        self._logs = ipywidgets.HTML()
        self._logs_wanted = False
        row = ipywidgets.HBox([self._bar, self._step, self.stop_button, self.logs_button])
        self.widget = ipywidgets.VBox([self._status, row, self._charts, self._ranks, self._logs])

    def update(self, snapshot: Snapshot) -> None:
        """Show ``snapshot``. Only what changed is sent to the browser."""
        self._status.value = status_html(snapshot)
        fraction = snapshot.progress.fraction
        self._bar.value = fraction or 0.0
        # Without a total there is nothing to fill; the status line counts the seconds.
        self._bar.layout.display = None if fraction is not None else "none"
        self._step.value = escape(snapshot.progress_line())
        self._charts.value = charts_html(snapshot)
        self._ranks.value = ranks_html(snapshot.ranks)
        self._logs.value = self._logs_html() if self._logs_wanted else ""
        if snapshot.state.terminal:
            self.stop_button.disabled = True

    def close(self) -> None:
        """Take the widgets away, in the browser too."""
        row = self.widget.children[1]
        for widget in (*row.children, *self.widget.children, self.widget):
            widget.layout.close()
            widget.close()

    def _stop(self) -> None:
        self.stop_button.description = "Stopping"
        self.stop_button.disabled = True
        try:
            self.job.stop()
        except (SdtError, OSError) as error:  # the job or its folder is gone
            self._logs.value = escape(str(error))

    def _toggle_logs(self) -> None:
        self._logs_wanted = not self._logs_wanted
        self._logs.value = self._logs_html() if self._logs_wanted else ""

    def _logs_html(self) -> str:
        text = escape(log_tail(self.job, lines=_LOG_LINES))
        return f'<pre style="max-height: 20em; overflow: auto">{text}</pre>'


def status_html(snapshot: Snapshot) -> str:
    """The status line, with cost, phases, notes of the launch and the reason of a failure."""
    cost = str(snapshot.cost or "")
    notes = [cost, snapshot.phases_line(), *snapshot.state.notes, snapshot.state.failure_reason]
    more = "".join(f"<div>{escape(note)}</div>" for note in notes if note)
    return f"<b>{escape(snapshot.status_line())}</b>{more}"


def charts_html(snapshot: Snapshot) -> str:
    """Loss and throughput side by side."""
    end = snapshot.progress.total_steps
    (name, loss), (unit, rate) = snapshot.loss, snapshot.throughput
    marks = snapshot.restarts
    return line_chart(name, loss, x_end=end, restarts=marks) + line_chart(
        unit, rate, color=ORANGE, x_end=end, from_zero=True, restarts=marks
    )


def ranks_html(ranks: tuple[RankHealth, ...]) -> str:
    """One cell per rank; of many ranks the slowest, since those are the ones to look at."""
    shown = sorted(ranks, key=lambda rank: (rank.step or 0, -(rank.quiet_seconds or 0)))
    shown = sorted(shown[:_SHOWN_RANKS], key=lambda rank: rank.rank)
    cells = "".join(f"<td><b>rank {r.rank}</b>: {escape(str(r))}</td>" for r in shown)
    hidden = len(ranks) - len(shown)
    more = f"<td>and {hidden} further on</td>" if hidden else ""
    return f"<table><tr>{cells}{more}</tr></table>"
