"""The body of a request to start or plan a job, checked before anybody looks into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_sdt.errors import SpecError, did_you_mean

# Key -> the JSON type it must have, and how to say so.
_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "cell": (str, "text"),
    "source": (str, "text"),
    "arguments": (dict, "an object of Estimator keywords"),
    "inputs": ((dict, str), "an object of channels and paths, or one path"),
    "job_name": (str, "text"),
    "variables_out": (list, "a list of names"),
    "notebook": (str, "a path below the server's root"),
    "execution_count": (int, "a whole number"),
    "cell_id": (str, "text"),
}
_NOT_WITH_CELL = ("arguments", "source", "inputs", "job_name", "variables_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBody:
    """What to start: the text of a whole ``cell``, or Estimator ``arguments`` with a ``source``.

    ``notebook`` (a path below the server's root) says from where relative paths count.
    """

    cell: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    inputs: Mapping[str, Any] | str | None = None
    job_name: str | None = None
    variables_out: tuple[str, ...] = ()
    notebook: str = ""
    execution_count: int | None = None
    cell_id: str = ""

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a request's body. Raises SpecError naming the key that cannot be right."""
        given = {name: value for name, value in _object(content).items() if value is not None}
        for name, value in given.items():
            _check(name, value)
        both = [name for name in _NOT_WITH_CELL if name in given]
        if "cell" in given and both:
            raise SpecError(f"cell and {both[0]} cannot both be given", argument=both[0])
        if "cell" not in given and "arguments" not in given:
            raise SpecError("give cell, or arguments with a source", argument="cell")
        given["variables_out"] = tuple(given.get("variables_out", ()))
        return cls(**given)

    def folder(self, root: Path) -> Path:
        """Return the notebook's folder, from which relative paths count; without one, ``root``.

        Raises SpecError for a notebook outside of ``root``.
        """
        folder = (root / self.notebook).resolve().parent if self.notebook else root.resolve()
        if not folder.is_relative_to(root.resolve()):
            raise SpecError(
                f"notebook={self.notebook!r} is not below the server's root", argument="notebook"
            )
        return folder


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except ValueError as error:
        raise SpecError(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise SpecError(f"the body must be a JSON object, not {type(body).__name__}")
    return body


def _check(name: str, value: object) -> None:
    if name not in _TYPES:
        raise SpecError(f"{name}: no such key{did_you_mean(name, _TYPES)}", argument=name)
    kind, wanted = _TYPES[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise SpecError(f"{name} must be {wanted}", argument=name)
