"""What the three panels of a study's figure show, as data; figure.py draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jupyter_sdt.figures.style import BLUE, GREEN, ORANGE
from jupyter_sdt.scaling.advice import Scaling
from jupyter_sdt.scaling.model import ScalingModel
from jupyter_sdt.scaling.rows import StudyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPicture:
    """What the figure shows; ``planned`` are the sizes still to come, so that axes stand still."""

    name: str
    scaling: Scaling
    rows: Sequence[StudyRow] = ()
    planned: Sequence[int] = ()
    model: ScalingModel | None = None
    footnote: str = ""

    @property
    def base(self) -> int:
        """The size that speedups are relative to."""
        return self.rows[0].world_size if self.rows else min(self.planned, default=1)

    @property
    def base_throughput(self) -> float:
        """The throughput of that size in samples per second; 0 before it was measured."""
        return self.rows[0].throughput if self.rows else 0.0

    @property
    def sizes(self) -> list[int]:
        """World sizes on the axis: measured, planned, and twice the largest to look ahead."""
        ahead = {2 * self.model.largest_measured} if self.model else set()
        return sorted({self.base, *(row.world_size for row in self.rows), *self.planned} | ahead)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One of the three pictures: how a row, the model and the ideal become numbers and text.

    ``ideal`` takes a world size. ``grows`` is whether it rises with the size.
    """

    title: str
    unit: str
    color: str
    marker: str
    value: Callable[[StudyRow], float]
    predicted: Callable[[ScalingModel, float], float]
    ideal: Callable[[StudyPicture, float], float]
    label: Callable[[float], str]
    grows: bool = True

    def tick(self, value: float, _: object) -> str:
        """The number beside the axis, without needless decimals."""
        if not self.grows:
            return f"{value:.0%}"
        return f"{value:,.0f}" if value == round(value) else f"{value:,.2g}"


PANELS = (
    Panel(
        title="Throughput",
        unit="samples per second, all ranks",
        color=BLUE,
        marker="o",
        value=lambda row: row.throughput,
        predicted=ScalingModel.throughput,
        ideal=lambda picture, n: picture.base_throughput * n / picture.base,
        label=lambda value: f"{value:,.0f}" if value >= 10 else f"{value:.2g}",
    ),
    Panel(
        title="Speedup",
        unit="times the throughput of {base}",
        color=ORANGE,
        marker="s",
        value=lambda row: row.speedup,
        predicted=ScalingModel.speedup,
        ideal=lambda picture, n: n / picture.base,
        label=lambda value: f"{value:.2f}",
    ),
    Panel(
        title="Efficiency",
        unit="speedup as a share of the ideal",
        color=GREEN,
        marker="D",
        value=lambda row: row.efficiency,
        predicted=ScalingModel.efficiency,
        ideal=lambda _picture, _size: 1.0,
        label=lambda value: f"{value:.0%}",
        grows=False,
    ),
)
