"""A study as text, for terminals, logs and screen readers, and as a DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from jupyter_sdt.scaling.advice import advise, batch_warning, table_text
from jupyter_sdt.scaling.panels import StudyPicture
from jupyter_sdt.scaling.rows import StudyRow

if TYPE_CHECKING:
    import pandas as pd


def summary_text(picture: StudyPicture) -> str:
    """Return title, table, advice and conditions, each paragraph on lines of its own."""
    paragraphs = [
        f"{picture.name}, {picture.scaling} scaling, relative to world size {picture.base}",
        table_text(picture.rows) if picture.rows else "",
        _missing(picture),
        advise(picture.rows, picture.model),
        batch_warning(picture.rows, picture.scaling),
        f"Measured on {picture.footnote}." if picture.footnote else "",
    ]
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def rows_dataframe(rows: Sequence[StudyRow]) -> pd.DataFrame:
    """Return one line per world size, with the fields of :class:`StudyRow` as columns."""
    import pandas as pd  # noqa: PLC0415 - it takes half a second

    return pd.DataFrame([asdict(row) for row in rows], columns=list(StudyRow.__slots__))


def _missing(picture: StudyPicture) -> str:
    measured = {row.world_size for row in picture.rows}
    missing = [str(size) for size in picture.planned if size not in measured]
    return f"Not measured yet: world size {', '.join(missing)}." if missing else ""
