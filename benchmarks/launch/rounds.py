"""Launching in every way, in turn, round by round."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil
from ways import Way

_T = TypeVar("_T")


@dataclass
class Rounds:
    """Seconds by name of the way, and why a way did not work."""

    times: dict[str, list[float]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def measure(self, ways: Sequence[Way], folder: Path, number: int) -> None:
        """Open all ways, then launch each of them in turn, ``number`` times.

        The round before the first is not counted: it is where persistent workers and page caches
        get warm.
        """
        self.times = {way.name: [] for way in ways}
        try:
            for way in ways:
                self._attempt(way, way.open)
            for count in range(number + 1):
                for way in ways:
                    if way.name not in self.problems:
                        self._shoot(way, folder / f"shot-{count}-{ways.index(way)}", count)
        finally:
            for way in ways:
                self._attempt(way, way.close)

    def _shoot(self, way: Way, folder: Path, count: int) -> None:
        folder.mkdir()
        wait_for_quiet()
        seconds = self._attempt(way, lambda: way.shot(folder))
        if seconds is not None:
            print(f"  round {count}: {seconds:7.3f} s  {way.name}", flush=True)
        if seconds is not None and count:
            self.times[way.name].append(seconds)

    def _attempt(self, way: Way, action: Callable[[], _T]) -> _T | None:
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - a peer that fails is a line in the table
            self.problems.setdefault(way.name, f"{type(error).__name__}: {error}".splitlines()[0])
            print(f"  failed: {way.name}: {self.problems[way.name]}", flush=True)
            return None


def wait_for_quiet(longest_seconds: float = 5.0) -> None:
    """Let what the last launch left behind come to its end."""
    deadline = time.monotonic() + longest_seconds
    while psutil.cpu_percent(interval=0.2) > 20 and time.monotonic() < deadline:
        pass
