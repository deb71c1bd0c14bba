"""One figure of one job: a sentence on how it went, its curves, its circumstances."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

from jupyter_sdt.figures.panels import panels
from jupyter_sdt.figures.style import FAINT, INK, ORANGE, dress
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.progress import elapsed_seconds
from jupyter_sdt.store.restarts import restart_steps
from jupyter_sdt.store.series import SeriesTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANEL_INCHES, _PANEL_HEIGHT_INCHES, _TEXT_HEIGHT_INCHES = 3.6, 2.5, 0.8
_NARROWEST_INCHES = 5.5
# Of the title's size.
_LETTERS_AN_INCH = 11


def job_figure(job: TrainingJob) -> Figure:
    """Return a new figure of what a job recorded so far: only panels that have data.

    Raises JobLostError when the job's folder has been deleted.
    """
    return draw(job.spec, job.state(), job.series())


def draw(spec: JobSpec, state: JobState, table: SeriesTable) -> Figure:
    """Return the figure of a job whose curves have been read already."""
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    chosen = panels(table)
    # A notebook is about as wide as three panels.
    columns = 2 if len(chosen) == 4 else max(1, len(chosen))
    rows = len(chosen) // columns
    width = max(_NARROWEST_INCHES, _PANEL_INCHES * columns)
    height = _PANEL_HEIGHT_INCHES * rows + _TEXT_HEIGHT_INCHES
    layout = ConstrainedLayoutEngine(h_pad=0.07)
    figure = Figure(figsize=(width, height), layout=layout, facecolor="white")
    title = _title(spec, state, round(width * _LETTERS_AN_INCH))
    color = ORANGE if state.status == "Failed" else INK
    figure.suptitle(title, x=0.012, ha="left", color=color, fontsize=12)
    below = [circumstances(spec, state)]
    if chosen:
        below += _draw_panels(figure, table, (rows, columns))
    figure.supxlabel("; ".join(below), x=0.012, ha="left", color=FAINT, fontsize=8)
    if not chosen:
        figure.text(0.012, 0.5, "no metrics were recorded", color=FAINT, fontsize=10)
    return figure


def _draw_panels(figure: Figure, table: SeriesTable, shape: tuple[int, int]) -> list[str]:
    """Draw the panels in rows and columns; returns what there is to say about their lines."""
    restarted = restart_steps(table)
    all_axes = figure.subplots(*shape, squeeze=False).flat
    for axes, panel in zip(all_axes, panels(table), strict=True):
        dress(axes)
        panel(axes, table)
        for step in restarted:
            axes.axvline(step, color=FAINT, lw=1, ls="--", zorder=1)
    averaged = any(line.get_alpha() for axes in figure.axes for line in axes.lines)
    notes = {
        "dashed: ranks started anew": bool(restarted),
        "bold lines are moving averages": averaged,
    }
    return [note for note, is_so in notes.items() if is_so]


def png(figure: Figure, dots_per_inch: int = 110) -> bytes:
    """Return a figure as the content of a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

    file = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(file, format="png", dpi=dots_per_inch)
    return file.getvalue()


def outcome(spec: JobSpec, state: JobState) -> str:
    """Return how the job stands in a few words, e.g. ``Completed in 12.3 s``."""
    seconds = _duration(elapsed_seconds(spec, state))
    if state.status == "Failed":
        return f"{'Lost' if state.secondary_status == 'Lost' else 'Failed'} after {seconds}"
    words = {"Completed": "Completed in", "Stopped": "Stopped after"}
    return f"{words.get(state.status, f'{state.secondary_status} for')} {seconds}"


def circumstances(spec: JobSpec, state: JobState) -> str:
    """Return on what it ran, e.g. ``2 ranks on local, started by the nursery``."""
    size = state.world_size or spec.world_size
    nodes = f"{spec.instance_count} nodes, " if spec.instance_count > 1 else ""
    launcher = "the nursery" if state.launcher == "nursery" else state.launcher
    by = f", started by {launcher}" if launcher else ""
    return f"{nodes}{size} {'rank' if size == 1 else 'ranks'} on {spec.instance_type}{by}"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _title(spec: JobSpec, state: JobState, letters: int) -> str:
    """The outcome, and below it why the job failed, in two lines at most."""
    why = state.failure_reason if state.status == "Failed" else ""
    lines = textwrap.wrap(why, letters, max_lines=2, placeholder=" \u2026")
    return "\n".join([f"{spec.job_name}: {outcome(spec, state)}", *lines])
