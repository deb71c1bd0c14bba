"""How every panel looks. Nothing is taken from the user's matplotlib style, nothing is set in it.

Colours are Okabe and Ito's (https://jfly.uni-koeln.de/color/), which colour-blind people can tell
apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT, PALE, GRID = "#333333", "#767676", "#B8B8B8", "#E6E6E6"
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
COLORS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9")


def dress(axes: Axes) -> None:
    """Give axes over steps their colours, grid and ticks."""
    from matplotlib import ticker  # noqa: PLC0415

    axes.set_facecolor("white")
    axes.set_xlabel("step")
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=INK, fontsize=9)
    axes.grid(visible=True, color=GRID, linewidth=0.8, linestyle="-")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8.5, length=3)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))


def name(axes: Axes, title: str, color: str, unit: str) -> None:
    """Put the panel's title above it, and beside it what its numbers count."""
    axes.set_title(title, loc="left", color=color, fontsize=11, fontweight="bold")
    axes.set_ylabel(unit)


def legend(axes: Axes) -> None:
    """Explain the lines where they leave most room."""
    lines = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    axes.legend(handles=lines, frameon=False, fontsize=8, labelcolor=INK, loc="best")


def remark(axes: Axes, text: str) -> None:
    """Say in the corner what the panel leaves out."""
    place = axes.transAxes
    axes.text(0.99, 1.02, text, transform=place, ha="right", va="bottom", color=FAINT, fontsize=8)


def thousands(axes: Axes) -> None:
    """Write large numbers with separators."""
    from matplotlib import ticker  # noqa: PLC0415

    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.10g}"))
