"""What every way of launching offers to the loop that measures them in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Way(Protocol):
    """One way from a cell or a command to two training ranks.

    ``name`` stands in the table, ``keeps_state`` says whether what an earlier cell left behind is
    still there in the ranks.
    """

    name: str
    keeps_state: bool

    def open(self) -> None:
        """Get ready: whatever a user has done before pressing Shift+Enter."""

    def shot(self, folder: Path) -> float:
        """Launch once; returns seconds to the slower rank's first step."""

    def close(self) -> None:
        """End every process of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run of the benchmark works: interpreters, folder, variables for the kernels."""

    python: Path
    peers: Path
    folder: Path
    environment: Mapping[str, str]
