"""Work that can stop in the middle without a thread of its own: a greenlet.

It runs on the thread of whoever resumes it, so going on takes a microsecond instead of the tens
that another core needs to wake up, and everything is computed in the same warm caches. In return
all strands share what belongs to a thread: so one may stop only where that is as it found it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import cache

import torch
from torch.autograd.graph import get_gradient_edge

from jupyter_sdt.runtime.modelparallel.pipeline.mode import entered
from jupyter_sdt.runtime.modelparallel.pipeline.strand import Strand

try:
    import greenlet
except ImportError:  # in a container that has torch, but not all that this package depends on
    greenlet = None


class LightStrand(Strand):
    """It has a stack of its own, and shares the thread of whoever resumes it."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(work)
        self._found: tuple[object, ...] = ()
        self._stack = greenlet.greenlet(self._do)
        self._stack.gr_context = copy_context()

    @property
    def may_pause(self) -> bool:  # type: ignore[override]  # nobody sets it
        """Whether nothing is entered that would hold for others, too."""
        return entered() == self._found

    def resume(self) -> None:
        """Let it run until it pauses or ends."""
        if not self.started:
            self.started, self._found = True, entered()
        self._stack.parent = greenlet.getcurrent()  # where it goes when it pauses or ends
        self._stack.switch()

    def _give_way(self) -> None:
        hub = self._stack.parent
        assert hub is not None  # it is one that was made, and has been resumed
        hub.switch()


@cache
def available() -> bool:
    """Whether there can be such strands: with greenlet, and a torch that goes back from edges."""
    return greenlet is not None and _goes_back_from_edges()


def _goes_back_from_edges() -> bool:
    with torch.inference_mode(mode=False), torch.enable_grad():
        end = torch.ones((), device="cpu", requires_grad=True) * 1
    try:
        torch.autograd.backward([get_gradient_edge(end)], [torch.ones((), device="cpu")])
    except (TypeError, RuntimeError, AttributeError):  # of older versions, which want tensors
        return False
    return True
