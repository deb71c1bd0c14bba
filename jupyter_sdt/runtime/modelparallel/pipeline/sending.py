"""What everything that is sent within one step has in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from jupyter_sdt.runtime.modelparallel.pipeline.chain import Name
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Order


@dataclass(slots=True)
class Numbers:
    """Numbers that no other stage of the pipeline gives."""

    stage: int
    last: int = 0

    def next(self) -> int:
        """A new one."""
        self.last += 1
        return self.last << 10 | self.stage


@dataclass(slots=True)
class Post:
    """How a step sends: where to, which step it is, and numbers for what it sends.

    All went well here since the step ``sound``.
    """

    step: int
    connections: Connections
    numbers: Numbers
    sound: int = 0
    complete: dict[int, list[int]] = field(default_factory=dict)
    orders: dict[int, tuple[Name, ...]] = field(default_factory=dict)

    def forget(self, microbatch: int, stages: Iterable[int]) -> None:
        """Tell ``stages``, with the next burst, that a microbatch is complete."""
        for stage in stages:
            self.complete.setdefault(stage, []).append(microbatch)

    def send_order(self, stage: int) -> None:
        """Tell ``stage`` in which order to work, if there is one that it has not been told."""
        if stage in self.orders:
            self.connections.send(stage, Order(self.step, self.orders.pop(stage)))
