"""The end of a step on a stage that the stages before it wait for: gradients of inputs go first.

Those stages need the gradients of what they sent; this one's parameters can have theirs while the
others go back: B and W of "Zero Bubble Pipeline Parallelism" (https://arxiv.org/abs/2401.10241,
section 2). A node of autograd's graph computes both, so the stage goes back twice through its last
microbatch, for inputs and then for everything. It takes longer, but in time that it would wait.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.frames import Frame, Rest, is_plain_frame
from jupyter_sdt.runtime.modelparallel.pipeline.repeatable import watch

# It waits for the others as long as it goes back itself, or nearly, in so many steps in a row.
_STEPS = 3
_SHARE = 0.75


class Drain:
    """Whether it pays, by what the last steps took; not without ``possible``."""

    def __init__(self, *, possible: bool) -> None:
        if possible:
            watch()
        self._possible = possible
        self._long = 0
        self._began = self._took = 0.0
        self._answered: float | None = None
        self._plain: dict[tuple[int, ...], bool] = {}

    @property
    def pays(self) -> bool:
        """Whether the stage would wait that long."""
        return self._possible and self._long >= _STEPS

    def begin(self, frames: Sequence[Frame | None]) -> list[Rest] | None:
        """A list for what is left for later, of going back through ``frames``; None: nothing."""
        self._began = time.monotonic()
        return [] if self.pays and self._may_go_twice(frames) else None

    def answered(self, rest: Sequence[Rest] | None) -> None:
        """What others wait for has been sent: do the rest."""
        now = time.monotonic()
        self._took, self._answered = now - self._began, now if rest is None else None
        for outputs, gradients in rest or ():
            torch.autograd.backward(outputs, gradients)

    def end_step(self) -> None:
        """The step has ended on all stages."""
        if self._answered is not None and not self.pays:
            waited = time.monotonic() - self._answered
            self._long = self._long + 1 if waited > _SHARE * self._took else 0
        self._answered = None

    def _may_go_twice(self, frames: Sequence[Frame | None]) -> bool:
        found = [frame for frame in frames if frame is not None]
        if len(found) < len(frames) or not all(frame.repeatable for frame in found):
            return False
        kind = tuple(frame.module for frame in found)
        if kind not in self._plain:
            self._plain[kind] = all(is_plain_frame(frame) for frame in found)
        return self._plain[kind]
