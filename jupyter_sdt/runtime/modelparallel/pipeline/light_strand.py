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
from jupyter_sdt.runtime.modelparallel.pipeline.strand import Cancelled

try:
    import greenlet
except ImportError:  # in a container that has torch, but not all that this package depends on
    greenlet = None


class LightStrand:
    """``work`` on a stack of its own; it runs only while somebody is inside :meth:`resume`."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.finished = False
        self.error: BaseException | None = None
        self._work: Callable[[], object] | None = work
        self._started = self._cancelled = False
        self._found: tuple[object, ...] = ()
        self._stack = greenlet.greenlet(self._run)
        self._stack.gr_context = copy_context()

    @property
    def may_pause(self) -> bool:
        """Whether nothing is entered that would hold for others, too."""
        return entered() == self._found

    def resume(self) -> None:
        """Let it run until it pauses or ends."""
        if not self._started:
            self._started, self._found = True, entered()
        self._stack.parent = greenlet.getcurrent()  # where it goes when it pauses or ends
        self._stack.switch()

    def pause(self) -> None:
        """Within the work: wait for the next :meth:`resume`."""
        hub = self._stack.parent
        assert hub is not None  # it is one that was made, and has been resumed
        hub.switch()
        if self._cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """End a strand that is paused, or has not begun."""
        self._cancelled = True
        if self._started and not self.finished:
            self.resume()
        self.finished = True

    def _run(self) -> None:
        work, self._work = self._work, None
        assert work is not None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to whoever resumed it
            self.error = error
        self.finished = True


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
