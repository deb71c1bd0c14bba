"""The panels of a job's figure, and which of them have something to show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from jupyter_sdt.figures.curves import draw_curve, inverted, median, scaled
from jupyter_sdt.figures.style import (
    BLUE,
    COLORS,
    GREEN,
    INK,
    ORANGE,
    PALE,
    legend,
    name,
    remark,
    thousands,
)
from jupyter_sdt.store.series import MEASURED_BESIDE, SeriesTable, loss_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Panel = Callable[["Axes", SeriesTable], None]

# More ranks than this get one colour, and the slowest another.
_MOST_COLORED_RANKS = 4
# A loss that falls by more than this shows its end only on a logarithmic axis.
_LOG_RATIO = 50


def panels(table: SeriesTable) -> list[Panel]:
    """Return the panels that have data: losses, other results, throughput, step time by rank."""
    names = set(table.names())
    candidates: list[tuple[object, Panel]] = [
        (_losses(table), draw_losses),
        (_other_results(table), draw_other_results),
        (names & {"samples_per_second", "step_seconds"}, draw_throughput),
        (names & {"step_seconds"}, draw_step_seconds),
    ]
    return [panel for data, panel in candidates if data]


def draw_losses(axes: Axes, table: SeriesTable) -> None:
    """The training loss in blue, other losses (validation) beside it; means over ranks."""
    names = _losses(table)
    _draw_results(axes, table, names)
    name(axes, "Loss", BLUE, _label(table, names))
    values = [v for loss in names for v in table.over_ranks(loss).values if math.isfinite(v)]
    if values and min(values) > 0 and max(values) / min(values) > _LOG_RATIO:
        axes.set_yscale("log")


def draw_other_results(axes: Axes, table: SeriesTable) -> None:
    """Whatever else the script recorded: accuracy, perplexity, ..."""
    names = _other_results(table)
    _draw_results(axes, table, names)
    title = _spoken(names[0]) if len(names) == 1 else "Results"
    name(axes, title, INK, _label(table, names))


def draw_throughput(axes: Axes, table: SeriesTable) -> None:
    """Samples per second of all ranks together; steps per second when nobody counts samples."""
    curve, unit = table.over_ranks("samples_per_second"), "samples/s, all ranks"
    if not len(curve):
        curve, unit = inverted(table.over_ranks("step_seconds")), "steps/s"
    draw_curve(axes, curve, "", GREEN)
    name(axes, "Throughput", GREEN, unit)
    thousands(axes)
    _limit(axes, curve.values, unit.partition(",")[0])


def draw_step_seconds(axes: Axes, table: SeriesTable) -> None:
    """One line per rank, so that a straggler stands out."""
    ranks = table.by_rank("step_seconds")
    typical = {rank: median(series.values) for rank, series in ranks.items()}
    factor, unit = (1000.0, "ms") if max(typical.values()) < 1 else (1.0, "s")
    slowest = max(typical, key=lambda rank: typical[rank])
    for rank, series in ranks.items():
        color, label = _rank_style(rank, slowest, len(ranks))
        draw_curve(axes, scaled(series, factor), label, color, on_top=rank == slowest)
    by_rank = " on each rank" if len(ranks) > 1 else ""
    name(axes, "Step time", ORANGE, f"{unit} per step{by_rank}")
    _limit(axes, [v * factor for series in ranks.values() for v in series.values], unit)
    if len(ranks) > 1:
        legend(axes)


def _rank_style(rank: int, slowest: int, ranks: int) -> tuple[str, str]:
    if ranks <= _MOST_COLORED_RANKS:
        return COLORS[rank % len(COLORS)], f"rank {rank}"
    return (ORANGE, f"rank {rank}, the slowest") if rank == slowest else (PALE, "")


def _draw_results(axes: Axes, table: SeriesTable, names: Sequence[str]) -> None:
    for result, color in zip(names, COLORS, strict=False):
        draw_curve(axes, table.over_ranks(result), result, color)
    if len(axes.lines) > 1:
        legend(axes)
    if len(names) > len(COLORS):
        remark(axes, f"and {len(names) - len(COLORS)} more")


def _limit(axes: Axes, values: Iterable[float], unit: str) -> None:
    """Start at zero; leave a rare peak, such as the first step, out of the picture and say so."""
    known = sorted(value for value in values if math.isfinite(value))
    if not known or known[-1] <= 0:
        return
    usual, peak = known[int(0.98 * (len(known) - 1))], known[-1]
    if peak > 2.5 * usual > 0:
        remark(axes, f"peak of {peak:,.4g} {unit} not shown")
        peak = 1.3 * usual
    axes.set_ylim(0, 1.15 * peak)


def _losses(table: SeriesTable) -> list[str]:
    losses = [result for result in table.names() if "loss" in result.lower()]
    main = loss_name(losses)
    return [main, *(loss for loss in losses if loss != main)] if main else []


def _other_results(table: SeriesTable) -> list[str]:
    known = {*MEASURED_BESIDE, *_losses(table)}
    return [result for result in table.names() if result not in known]


def _spoken(result: str) -> str:
    """``train_accuracy`` as one writes it above a picture; capitals within stay."""
    words = result.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _label(table: SeriesTable, names: Sequence[str]) -> str:
    shared = any(len(table.by_rank(result)) > 1 for result in names)
    return (names[0] if len(names) == 1 else "value") + (", mean over ranks" if shared else "")
