"""docs/errors.md as data: one Row for each line of its tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
_CELL = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]+)`")
_PLACEHOLDER = re.compile(r"<[a-z][a-z ]*>")


@dataclass(frozen=True, slots=True)
class Row:
    """One bad input: its ``id``, the exception's class, its message, and what happens then.

    Lines of ``message`` are code spans of the document's cell; ``<words>`` stand for any text.
    ``then`` is the first sentence of the last column.
    """

    id: str
    stage: str
    kind: str
    message: str
    then: str


def read_rows(text: str) -> Iterator[Row]:
    """The rows of every table below a heading, the head of each table left out."""
    stage = ""
    for line in text.splitlines():
        if line.startswith("## "):
            stage = line.removeprefix("## ")
        elif line.startswith("| `"):
            name, _, kind, message, then = _cells(line)
            yield Row(
                id=_code(name),
                stage=stage,
                kind=_code(kind),
                message=_code(message),
                then=then.partition(".")[0],
            )


def fits(pattern: str, message: str) -> bool:
    """Whether ``message`` is the table's, apart from placeholders and indentation."""
    literal = map(re.escape, _PLACEHOLDER.split(_flat(pattern)))
    return re.fullmatch(".+".join(literal), _flat(message), re.DOTALL) is not None


def literal_characters(pattern: str) -> int:
    """How much of a message the table really says."""
    return len(_PLACEHOLDER.sub("", pattern))


def _cells(line: str) -> list[str]:
    cells = _CELL.split(line.strip())[1:-1]
    return [cell.strip().replace("\\|", "|") for cell in cells]


def _code(cell: str) -> str:
    return "\n".join(_CODE.findall(cell))


def _flat(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines() if line.strip())
