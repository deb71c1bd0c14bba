"""What the three panels of a study's figure show, as data; figure.py draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    def sizes(self) -> list[int]:
        """World sizes on the axis: measured, planned, and twice the largest to look ahead."""
        ahead = {2 * self.model.largest_measured} if self.model else set()
        return sorted({self.base, *(row.world_size for row in self.rows), *self.planned} | ahead)


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the three pictures: how a row, the model and the ideal become numbers and text."""

    title: str
    unit: str
    color: str
    marker: str
    value: Callable[[StudyRow], float]
    predicted: Callable[[ScalingModel, float], float]
    ideal: Callable[[StudyPicture, float], float]
    label: Callable[[float], str]

    @property
    def grows(self) -> bool:
        """Whether the ideal rises with the size; efficiency's is level."""
        return self.title != "Efficiency"

    def tick(self, value: float, _: object) -> str:
        """The number beside the axis, without needless decimals."""
        if not self.grows:
            return f"{value:.0%}"
        return f"{value:,.0f}" if value == round(value) else f"{value:,.2g}"


PANELS = (
    Panel(
        "Throughput",
        "samples per second, all ranks",
        "#0072B2",
        "o",
        lambda row: row.throughput,
        ScalingModel.throughput,
        lambda picture, n: n / picture.base * (picture.rows[0].throughput if picture.rows else 0),
        lambda value: f"{value:,.0f}" if value >= 10 else f"{value:.2g}",
    ),
    Panel(
        "Speedup",
        "times the throughput of {base}",
        "#D55E00",
        "s",
        lambda row: row.speedup,
        ScalingModel.speedup,
        lambda picture, n: n / picture.base,
        lambda value: f"{value:.2f}",
    ),
    Panel(
        "Efficiency",
        "speedup as a share of the ideal",
        "#009E73",
        "D",
        lambda row: row.efficiency,
        ScalingModel.efficiency,
        lambda _picture, _n: 1.0,
        lambda value: f"{value:.0%}",
    ),
)
