"""The scaling curve: throughput, speedup and efficiency, each with its ideal.

matplotlib's object interface, so that no global state of the user's own pictures is touched, and
imported on use, because it takes longer than everything else here. Colours are Okabe and Ito's
(https://jfly.uni-koeln.de/color/), told apart by marker as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_sdt.figures.style import FAINT, GRID, INK
from jupyter_sdt.scaling.advice import WORTHWHILE_EFFICIENCY
from jupyter_sdt.scaling.model import ScalingModel
from jupyter_sdt.scaling.panels import PANELS, Panel, StudyPicture
from jupyter_sdt.scaling.rows import StudyRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE_INCHES = (10.5, 3.7)
# Sizes further apart than this are shown on logarithmic axes, where the ideal stays straight.
_LARGEST_LINEAR_RATIO = 8


def study_figure(picture: StudyPicture) -> Figure:
    """Return a new figure of the study."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=_SIZE_INCHES, layout="constrained", facecolor="white")
    redraw(figure, picture)
    return figure


def redraw(figure: Figure, picture: StudyPicture) -> None:
    """Draw ``picture`` into ``figure`` in place of what it showed, for a live view."""
    figure.clear()
    figure.suptitle(
        f"{picture.name}, {picture.scaling} scaling", x=0.012, ha="left", color=INK, fontsize=12
    )
    for axes, panel in zip(figure.subplots(1, 3), PANELS, strict=True):
        _draw(axes, panel, picture)
        _dress(axes, panel, picture)
    if picture.footnote:
        figure.supxlabel(picture.footnote, x=0.012, ha="left", color=FAINT, fontsize=7.5)


def _draw(axes: Axes, panel: Panel, picture: StudyPicture) -> None:
    ideal = [panel.ideal(picture, n) for n in picture.sizes]
    axes.plot(picture.sizes, ideal, color=FAINT, linewidth=1.2, linestyle="--", label="ideal")
    if picture.rows:
        _draw_measured(axes, panel, picture.rows)
    if picture.model:
        _draw_predicted(axes, panel, picture.model)


def _draw_measured(axes: Axes, panel: Panel, rows: Sequence[StudyRow]) -> None:
    """Medians as a line; over several repeats the spread as bars, in the panel's unit."""
    values = [panel.value(row) for row in rows]
    low = [panel.value(r) * (1 - r.throughput_low / r.throughput) for r in rows]
    high = [panel.value(r) * (r.throughput_high / r.throughput - 1) for r in rows]
    repeats = max(row.repeats for row in rows)
    axes.errorbar(
        [row.world_size for row in rows],
        values,
        yerr=[low, high] if repeats > 1 else None,
        label=f"measured (median of {repeats}, range)" if repeats > 1 else "measured",
        color=panel.color,
        marker=panel.marker,
        markersize=6.5,
        linewidth=2,
        elinewidth=1.2,
        capsize=3.5,
        zorder=3,
    )
    for row, value in zip(rows, values, strict=True):
        # A curve that rises less and less leaves the space below it free, one that falls above.
        _annotate(axes, (row.world_size, value), panel.label(value), above=not panel.grows)


def _draw_predicted(axes: Axes, panel: Panel, model: ScalingModel) -> None:
    last = model.largest_measured
    sizes = [last * (1 + step / 32) for step in range(33)]
    axes.plot(
        sizes,
        [panel.predicted(model, n) for n in sizes],
        label=f"predicted ({model.law})",
        color=panel.color,
        linewidth=2,
        linestyle=(0, (1, 1.4)),
    )
    ahead = panel.predicted(model, 2 * last)
    axes.plot(
        [2 * last], [ahead], panel.marker, color=panel.color, fillstyle="none", markersize=6.5
    )
    _annotate(axes, (2 * last, ahead), panel.label(ahead), above=True)


def _annotate(axes: Axes, point: tuple[float, float], text: str, *, above: bool) -> None:
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    axes.annotate(
        text,
        point,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
        xytext=(4, 5) if above else (5, -6),
        textcoords="offset points",
        ha="left",
        va="bottom" if above else "top",
        fontsize=8.5,
        color=INK,
        zorder=4,
    )


def _dress(axes: Axes, panel: Panel, picture: StudyPicture) -> None:
    base = f"{picture.base} {'rank' if picture.base == 1 else 'ranks'}"
    axes.set_title(panel.title, loc="left", color=panel.color, fontsize=11, fontweight="bold")
    axes.set_ylabel(panel.unit.format(base=base), color=INK, fontsize=9)
    axes.set_xlabel("world size (ranks)", color=INK, fontsize=9)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8.5, length=3)
    _scale(axes, panel, picture)
    _legend(axes, panel)


def _scale(axes: Axes, panel: Panel, picture: StudyPicture) -> None:
    sizes = picture.sizes
    wide = sizes[-1] / sizes[0] > _LARGEST_LINEAR_RATIO
    if wide:
        axes.set_xscale("log", base=2)
        axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.5)
    else:
        axes.set_xlim(sizes[0] - 0.05 * sizes[-1], sizes[-1] * 1.14)
    if panel.grows and wide and picture.rows:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.6 * min(map(panel.value, picture.rows)))
    else:
        axes.set_ylim(bottom=0, top=None if panel.grows else _efficiency_top(picture))
    _place_ticks(axes, panel, sizes)


def _place_ticks(axes: Axes, panel: Panel, sizes: Sequence[int]) -> None:
    from matplotlib import ticker  # noqa: PLC0415

    axes.xaxis.set_major_locator(ticker.FixedLocator([float(n) for n in sizes]))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda n, _: f"{n:.0f}"))
    if axes.get_yscale() == "log":
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    else:
        axes.yaxis.set_major_locator(ticker.MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(panel.tick))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(ticker.NullLocator())


def _efficiency_top(picture: StudyPicture) -> float:
    return max([1.15, *(1.1 * row.efficiency for row in picture.rows)])


def _legend(axes: Axes, panel: Panel) -> None:
    if panel.grows:
        handles, labels = axes.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda i: not labels[i].startswith("measured"))
        axes.legend(
            [handles[i] for i in order],
            [labels[i] for i in order],
            frameon=False,
            fontsize=8,
            loc="upper left",
            labelcolor=INK,
        )
    else:
        axes.axhline(WORTHWHILE_EFFICIENCY, color=FAINT, linewidth=1, linestyle=(0, (1, 2)))
        axes.annotate(
            f"worth it above {WORTHWHILE_EFFICIENCY:.0%}",
            (0.99, WORTHWHILE_EFFICIENCY),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=8,
            color=FAINT,
        )
