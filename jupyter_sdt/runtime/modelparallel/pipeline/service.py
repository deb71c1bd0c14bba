"""What the loop of a stage asks of whoever does what other stages ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Burst
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task


class Service(Protocol):
    """Does what other stages ask for."""

    def serve(self, loop: Any, task: Task, burst: Burst) -> None:
        """Do what ``burst`` asks for, and answer."""

    def stays_here(self, loop: Any, task: Task) -> bool:
        """Whether that will not call modules of other stages, so that it need not wait."""

    def surprised(self, modules: Iterable[int]) -> None:
        """Hear that the results of ``modules`` do not always have one form."""
