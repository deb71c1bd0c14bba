"""The table and the last line."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. ``goal`` and ``floor`` are in the same unit as the values."""

    name: str
    values: Sequence[float]
    unit: str = "s"
    floor: float | None = None
    goal: float | None = None
    note: str = ""
    more_is_better: bool = False

    @property
    def median(self) -> float:
        """Of all rounds; NaN when none worked."""
        return statistics.median(self.values) if self.values else math.nan

    @property
    def met(self) -> str:
        """Whether the median is within the goal."""
        if self.goal is None or not self.values:
            return ""
        good = self.median >= self.goal if self.more_is_better else self.median <= self.goal
        return "met" if good else "MISSED"


def table(figures: Sequence[Figure]) -> str:
    """All figures with median, range, number of rounds, floor and goal."""
    head = f"{'':<68} {'median':>10} {'least - greatest':>20} {'n':>3} {'floor':>9} {'goal':>9}"
    return "\n".join([head, "-" * len(head), *map(_line, figures)])


def _line(figure: Figure) -> str:
    if not figure.values:
        return f"{figure.name:<70} {'-':>10} {figure.note}"
    spread = f"{min(figure.values):.3g} - {max(figure.values):.3g}"
    cells = [
        f"{figure.name:<70}",
        f"{f'{figure.median:.3g} {figure.unit}':>10}",
        f"{spread:>20}",
        f"{len(figure.values):>3}",
        f"{_optional(figure.floor):>9}",
        f"{_optional(figure.goal):>9}",
        figure.met,
        figure.note,
    ]
    return " ".join(cells).rstrip()


def _optional(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def last_line(results: Mapping[str, float]) -> str:
    """One JSON object; what could not be measured is null."""
    rounded = {k: None if math.isnan(v) else float(f"{v:.4g}") for k, v in results.items()}
    return json.dumps(rounded)
