"""Work that can stop in the middle and go on later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable


class Cancelled(BaseException):
    """Unwinds a strand whose step was given up; nobody but the engine catches it."""


class Strand(ABC):
    """``work``, which runs only while somebody is inside :meth:`resume`.

    ``may_pause`` says whether it can stop here and now.
    """

    may_pause: bool

    def __init__(self, work: Callable[[], object]) -> None:
        self.started = self.finished = False
        self.error: BaseException | None = None
        self._work: Callable[[], object] | None = work
        self._cancelled = False

    @abstractmethod
    def resume(self) -> None:
        """Let it run until it pauses or ends."""

    def pause(self) -> None:
        """Within the work: wait for the next :meth:`resume`."""
        self._give_way()
        if self._cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """End a strand that is paused, or has not begun."""
        self._cancelled = True
        if self.started and not self.finished:
            self.resume()
        self.finished = True

    @abstractmethod
    def _give_way(self) -> None:
        """Stop until it is resumed."""

    def _do(self) -> None:
        # Done, it is let go: what it refers to, such as results and their graphs, may lead back to
        # its step, through nodes of autograd that the garbage collector does not see into.
        work, self._work = self._work, None
        assert work is not None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to whoever resumed it
            self.error = error
        self.finished = True
