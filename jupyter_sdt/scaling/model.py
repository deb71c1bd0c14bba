"""A scaling law through the measured sizes, to say what further world sizes would bring.

Amdahl's law (G. Amdahl, AFIPS 1967) and the universal scalability law (N. Gunther, Guerrilla
Capacity Planning, Springer 2007, chapter 4) in one form::

    throughput(n) = scale * n / (1 + contention * (n - 1) + coherency * n * (n - 1))

Amdahl's is the one with ``coherency`` 0. ``contention`` is the share of the work that ranks do one
after the other, ``coherency`` what each pair of ranks costs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from jupyter_sdt.errors import SpecError
from jupyter_sdt.scaling.rows import StudyRow

# Sizes from which the third parameter still leaves one size over to check the fit against.
SIZES_FOR_USL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingModel:
    """A fitted law.

    ``scale`` is the throughput of one rank in samples per second. ``residual`` is the root mean
    square relative error over the measured sizes, None when there are as many parameters as sizes
    and the curve passes through every point whatever they are.
    """

    law: Literal["Amdahl", "USL"]
    scale: float
    contention: float
    coherency: float
    residual: float | None
    base_world_size: int
    largest_measured: int

    def throughput(self, world_size: float) -> float:
        """Samples per second over all ranks at ``world_size``."""
        n = world_size
        slowdown = 1 + self.contention * (n - 1) + self.coherency * n * (n - 1)
        return self.scale * n / slowdown

    def speedup(self, world_size: float) -> float:
        """Relative to the smallest measured size, as in the study's table."""
        return self.throughput(world_size) / self.throughput(self.base_world_size)

    def efficiency(self, world_size: float) -> float:
        """Speedup divided by the ratio of the world sizes."""
        return self.speedup(world_size) * self.base_world_size / world_size

    @property
    def peak_world_size(self) -> float:
        """The size beyond which more ranks make it slower; infinite without coherency cost."""
        if self.coherency == 0:
            return math.inf
        return math.sqrt(max(0.0, 1 - self.contention) / self.coherency)


def fit(rows: Sequence[StudyRow]) -> ScalingModel:
    """Fit Amdahl's law to two or three sizes, the universal scalability law to more.

    The inverse of the law is linear in its parameters, ``n / throughput = a + b (n - 1) +
    c n (n - 1)``, and none of them can be negative. Each size counts by its relative error. Raises
    SpecError for fewer than two sizes.
    """
    if len(rows) < 2:
        raise SpecError(
            f"a scaling law needs at least 2 measured world sizes, not {len(rows)}",
            argument="world_sizes",
        )
    usl = len(rows) >= SIZES_FOR_USL
    a, b, c = _least_squares(rows, parameters=3 if usl else 2)
    model = ScalingModel(
        law="USL" if usl else "Amdahl",
        scale=1 / a,
        contention=b / a,
        coherency=c / a,
        residual=None,
        base_world_size=rows[0].world_size,
        largest_measured=rows[-1].world_size,
    )
    return _with_residual(model, rows)


def _with_residual(model: ScalingModel, rows: Sequence[StudyRow]) -> ScalingModel:
    parameters = 3 if model.law == "USL" else 2
    if len(rows) <= parameters:
        return model
    errors = [model.throughput(row.world_size) / row.throughput - 1 for row in rows]
    return replace(model, residual=math.sqrt(sum(e * e for e in errors) / len(errors)))


def _least_squares(rows: Sequence[StudyRow], parameters: int) -> tuple[float, float, float]:
    """Non-negative a, b, c by trying every set of parameters that are not zero: at most four."""
    import numpy as np  # noqa: PLC0415 - the notebook need not wait for it at %load_ext

    sizes = np.array([row.world_size for row in rows], dtype=float)
    weights = np.array([row.throughput for row in rows]) / sizes
    columns = np.stack([sizes**0, sizes - 1, sizes * (sizes - 1)], axis=1) * weights[:, None]
    best, least = (0.0, 0.0, 0.0), math.inf
    for extra in itertools.product((False, True), repeat=parameters - 1):
        used = [0, *(i + 1 for i, wanted in enumerate(extra) if wanted)]
        found, *_ = np.linalg.lstsq(columns[:, used], np.ones(len(rows)), rcond=None)
        error = float(np.sum((columns[:, used] @ found - 1) ** 2))
        if found[0] > 0 and np.all(found >= 0) and error < least - 1e-15:
            values = dict(zip(used, map(float, found), strict=True))
            best, least = (values[0], values.get(1, 0.0), values.get(2, 0.0)), error
    return best
