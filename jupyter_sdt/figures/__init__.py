"""A job as a picture, for the notebook that is kept.

matplotlib's object interface only: neither pyplot nor the user's backend or open figures are
touched, so it may draw from any thread. matplotlib is imported on use: it takes half a second.
"""

from __future__ import annotations

from jupyter_sdt.figures.job_figure import draw, job_figure, png

__all__ = ["draw", "job_figure", "png"]
