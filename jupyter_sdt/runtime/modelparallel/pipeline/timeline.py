"""When a stage computed which microbatch."""

from __future__ import annotations

import time
from typing import Any

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Phase


class Timeline:
    """Stretches of work of one step, in seconds since the epoch."""

    def __init__(self) -> None:
        self.tasks: list[tuple[int, Phase, float, float]] = []
        self._microbatch = 0
        self._phase: Phase = "forward"
        self._start = 0.0

    def begin(self, microbatch: int, phase: Phase) -> None:
        """Work on a microbatch begins."""
        self._microbatch, self._phase, self._start = microbatch, phase, time.time()

    def turn(self, phase: Phase) -> None:
        """The same microbatch goes on, in another phase perhaps."""
        if phase != self._phase:
            self.end()
            self.begin(self._microbatch, phase)

    def end(self) -> None:
        """It stops, for now."""
        self.tasks.append((self._microbatch, self._phase, self._start, time.time()))

    def rows(self, stage: int) -> list[dict[str, Any]]:
        """As schedule.json has them."""
        names = ("microbatch", "kind", "start", "end")
        return [{"stage": stage, **dict(zip(names, task, strict=True))} for task in self.tasks]
