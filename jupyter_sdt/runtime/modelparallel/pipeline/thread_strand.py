"""Strands on threads of their own, of which one runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import torch

from jupyter_sdt.runtime.allocator import free_thread_buffers
from jupyter_sdt.runtime.modelparallel.pipeline.strand import Strand

_idle: list[_Worker] = []


class ThreadStrand(Strand):
    """It may pause anywhere: what it has entered holds for its own thread."""

    may_pause = True

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(work)
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()

    def resume(self) -> None:
        """Let it run until it pauses or ends."""
        if self.started:
            self._go.release()
        else:
            self.started = True
            worker = _idle.pop() if _idle else _Worker()
            worker.work.put(self._run)
        self._back.acquire()

    def _give_way(self) -> None:
        free_thread_buffers()  # others compute meanwhile
        self._back.release()
        self._go.acquire()

    def _run(self, worker: _Worker) -> None:
        self._do()
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
