"""Curves as matplotlib lines: thinned to what can be seen, smoothed where they are noisy."""

from __future__ import annotations

import itertools
import math
import statistics
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jupyter_sdt.store.series import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More points than pixels tell nothing.
_MOST_POINTS = 600
# From here on a curve is hard to read without its moving average.
_NOISY_POINTS = 100
# Up to here each point is marked: a line alone would hide how few there are.
_MARKED_POINTS = 25


def draw_curve(axes: Axes, curve: Series, label: str, color: str, *, on_top: bool = False) -> None:
    """Draw a curve; a long one faintly, with its moving average in full colour.

    Without a label it is left out of the legend.
    """
    x, y = thinned(curve)
    order = 4 if on_top else 3
    if len(curve) < _NOISY_POINTS:
        marker = "o" if len(curve) <= _MARKED_POINTS else ""
        axes.plot(x, y, color=color, lw=1.8, marker=marker, ms=4, label=label or "_", zorder=order)
        return
    window = max(5, len(curve) // 40)
    axes.plot(x, y, color=color, lw=0.8, alpha=0.3, label="_", zorder=2)
    x, y = thinned(moving_average(curve, window))
    axes.plot(x, y, color=color, lw=1.8, label=label or "_", zorder=order)


def thinned(curve: Series) -> tuple[list[float], list[float]]:
    """Return steps and values of at most 600 points."""
    few = curve.thinned(_MOST_POINTS)
    return list(few.steps), list(few.values)


def moving_average(curve: Series, window: int) -> Series:
    """Return at each finite point the mean of the ``window`` finite values around it."""
    points = zip(curve.steps, curve.times, curve.values, strict=True)
    known = [point for point in points if math.isfinite(point[2])]
    sums = [0.0, *itertools.accumulate(value for _, _, value in known)]
    result = Series()
    for place, (step, time, _) in enumerate(known):
        start, end = max(0, place - window // 2), min(len(known), place + window // 2 + 1)
        result.append(step, time, (sums[end] - sums[start]) / (end - start))
    return result


def scaled(curve: Series, factor: float) -> Series:
    """Return the curve in another unit."""
    return Series(curve.steps, curve.times, array("d", [v * factor for v in curve.values]))


def inverted(curve: Series) -> Series:
    """Return the curve of 1 / value, without points that have none."""
    result = Series()
    for step, time, value in zip(curve.steps, curve.times, curve.values, strict=True):
        if value > 0:
            result.append(step, time, 1 / value)
    return result


def median(values: Iterable[float]) -> float:
    """Return the median of the finite values, 0 when there are none."""
    known = [value for value in values if math.isfinite(value)]
    return statistics.median(known) if known else 0.0
