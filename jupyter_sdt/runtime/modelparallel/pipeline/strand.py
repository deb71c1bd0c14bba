"""Work that can stop in the middle and go on later: threads, of which one runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import torch

from jupyter_sdt.runtime.allocator import free_thread_buffers

_idle: list[_Worker] = []


class Cancelled(BaseException):
    """Unwinds a strand whose step was given up; nobody but the engine catches it."""


class Strand:
    """``work`` on a thread of its own; it runs only while somebody is inside :meth:`resume`."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.finished = False
        self.error: BaseException | None = None
        self._work: Callable[[], object] | None = work
        self._started = self._cancelled = False
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()

    @property
    def may_pause(self) -> bool:
        """Always: what it has entered holds for its own thread."""
        return True

    def resume(self) -> None:
        """Let it run until it pauses or ends."""
        if self._started:
            self._go.release()
        else:
            self._started = True
            worker = _idle.pop() if _idle else _Worker()
            worker.work.put(self._run)
        self._back.acquire()

    def pause(self) -> None:
        """Within the work: wait for the next :meth:`resume`."""
        free_thread_buffers()  # others compute meanwhile
        self._back.release()
        self._go.acquire()
        if self._cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """End a strand that is paused, or has not begun."""
        self._cancelled = True
        if self._started and not self.finished:
            self.resume()
        self.finished = True

    def _run(self, worker: _Worker) -> None:
        # Done, it is let go: what it refers to, such as results and their graphs, may lead back to
        # its step, through nodes of autograd that the garbage collector does not see into.
        work, self._work = self._work, None
        assert work is not None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to whoever resumed it
            self.error = error
        del work
        self.finished = True
        _idle.append(worker)  # taken first by the next one, which finds its buffers warm
        self._back.release()


def dismiss_idle() -> None:
    """End the threads that no strand runs on: each keeps buffers for its computations."""
    while _idle:
        _idle.pop().work.put(None)


class _Worker(threading.Thread):
    """A thread that is used again: each that computes keeps a pool of OpenMP threads."""

    def __init__(self) -> None:
        super().__init__(name="sdt-strand", daemon=True)
        self.work: SimpleQueue[Callable[[_Worker], None] | None] = SimpleQueue()
        self.start()

    def run(self) -> None:
        # MKL gives a new thread all cores, whatever was asked for.
        torch.set_num_threads(torch.get_num_threads())
        while (work := self.work.get()) is not None:
            work(self)
            del work
        free_thread_buffers()
