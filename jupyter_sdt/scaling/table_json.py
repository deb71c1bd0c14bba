"""A study's table as JSON, for notebooks and browsers: rows, what would come next, advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypedDict

from jupyter_sdt.scaling.advice import Scaling, advise, batch_warning
from jupyter_sdt.scaling.model import ScalingModel, fit
from jupyter_sdt.scaling.rows import StudyRow


class Prediction(TypedDict):
    """What a scaling law through the measured sizes says about one size."""

    world_size: int
    throughput: float
    speedup: float
    efficiency: float


class StudyTable(TypedDict):
    """``rows`` are :class:`StudyRow`; ``predicted`` covers their sizes and twice the largest.

    Below two rows there is no prediction.
    """

    rows: list[dict[str, Any]]
    predicted: list[Prediction]
    advice: str


def study_table(rows: Sequence[StudyRow], scaling: Scaling) -> StudyTable:
    """Return what a front end needs to draw the study without asking anybody."""
    model = fit(rows) if len(rows) >= 2 else None
    told = (advise(rows, model), batch_warning(rows, scaling)) if rows else ()
    return StudyTable(
        rows=[asdict(row) for row in rows],
        predicted=_predicted(rows, model) if model else [],
        advice=" ".join(filter(None, told)),
    )


def _predicted(rows: Sequence[StudyRow], model: ScalingModel) -> list[Prediction]:
    sizes = [row.world_size for row in rows]
    return [
        Prediction(
            world_size=size,
            throughput=model.throughput(size),
            speedup=model.speedup(size),
            efficiency=model.efficiency(size),
        )
        for size in (*sizes, 2 * max(sizes))
    ]
