"""A line chart as an SVG string. Pure; everything that comes from data is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from jupyter_sdt.notebook.curves import Points, trend

# Middle tones, readable on white and on JupyterLab's dark background; text is currentColor.
BLUE, ORANGE = "#4c8dd6", "#d9822b"
_WIDTH, _HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 24, 22


@dataclass(frozen=True, slots=True)
class _Scale:
    """Data to pixels: x in steps, y in the curve's unit."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        """Pixels from the left edge."""
        width = _WIDTH - _LEFT - _RIGHT
        return _LEFT + width * (value - self.x_low) / ((self.x_high - self.x_low) or 1)

    def y(self, value: float) -> float:
        """Pixels from the upper edge."""
        height = _HEIGHT - _TOP - _BOTTOM
        return _TOP + height * (self.y_high - value) / ((self.y_high - self.y_low) or 1)


def line_chart(
    title: str,
    points: Points,
    *,
    color: str = BLUE,
    x_end: float | None = None,
    from_zero: bool = False,
    restarts: Sequence[float] = (),
) -> str:
    """Draw one curve; ``x_end`` is where the step axis ends (the total, when it is known).

    ``from_zero`` begins the value axis at 0, where noise shall not look like change. ``restarts``
    are steps with which training went on after one, each marked by a dashed line.
    A screen reader hears the title, the last value and the trend.
    """
    scale = _scale(points, x_end, from_zero) if points else None
    body = _curve(points, color, scale) + _marks(restarts, scale) if scale else _empty()
    label = escape(summary(title, points), quote=True)
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" fill="currentColor" '
        'font-family="sans-serif" font-size="11">'
        f'<text x="{_LEFT}" y="14">{escape(_head(title, points))}</text>{body}</svg>'
    )


def summary(title: str, points: Points) -> str:
    """``loss 0.31, falling``, for people who do not see the curve."""
    return f"{_head(title, points)}, {trend(points)}" if points else f"{title}: no points yet"


def short(value: float) -> str:
    """A number in at most about six characters: ``0.0313``, ``5,210``, ``3.2e+07``."""
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _head(title: str, points: Points) -> str:
    return f"{title} {short(points[-1][1])}" if points else title


def _empty() -> str:
    return (
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT / 2}" text-anchor="middle" opacity="0.6">'
        "waiting for the first step</text>"
    )


def _scale(points: Points, x_end: float | None, from_zero: bool) -> _Scale:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    pad = (high - low) * 0.05 or abs(high) * 0.05 or 1
    bottom = 0.0 if from_zero and low >= 0 else low - pad
    return _Scale(min(xs), max(x_end or 0, *xs), bottom, high + pad)


def _curve(points: Points, color: str, scale: _Scale) -> str:
    low, high = min(y for _, y in points), max(y for _, y in points)
    path = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in points)
    x, y = scale.x(points[-1][0]), scale.y(points[-1][1])
    return (
        _frame()
        + _tick(scale.y(high), short(high))
        + _lower_tick(scale, low, high)
        + _step(_LEFT, "start", scale.x_low)
        + _step(_WIDTH - _RIGHT, "end", scale.x_high)
        + f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>'
    )


def _marks(restarts: Sequence[float], scale: _Scale) -> str:
    bottom = _HEIGHT - _BOTTOM
    return "".join(
        f'<path d="M{scale.x(step):.1f} {_TOP}V{bottom}" stroke="currentColor" opacity="0.6" '
        f'stroke-dasharray="3 3"><title>restart {number}, at step {short(step)}</title></path>'
        for number, step in enumerate(restarts, 1)
        if scale.x_low <= step <= scale.x_high
    )


def _frame() -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    return (
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="currentColor" '
        'opacity="0.4"/>'
    )


def _lower_tick(scale: _Scale, low: float, high: float) -> str:
    if scale.y_low == 0:
        return _tick(scale.y(0), "0")
    return _tick(scale.y(low), short(low)) if low != high else ""


def _tick(y: float, text: str) -> str:
    return f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end" opacity="0.8">{text}</text>'


def _step(x: float, anchor: str, value: float) -> str:
    text = f"step {short(value)}" if anchor == "end" else short(value)
    return f'<text x="{x}" y="{_HEIGHT - 7}" text-anchor="{anchor}" opacity="0.8">{text}</text>'
