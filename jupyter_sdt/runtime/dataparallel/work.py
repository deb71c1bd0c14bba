"""Collectives in the order in which they were called: at once, or on a thread of their own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.errors import CollectiveError

Action = Callable[[], Any]
_KEPT = 64


class CollectiveWork(dist.Work):
    """A collective that runs, or will: what ``async_op=True`` returns."""

    def __init__(self, line: Line, action: Action, tensors: list[Any]) -> None:
        super().__init__()
        self._line, self._action, self._tensors = line, action, tensors
        self._error: BaseException | None = None
        self._future: torch.futures.Future[Any] | None = None
        self._change = threading.Lock()
        self._open = threading.Lock()
        self._open.acquire()
        self.done = False

    def run(self) -> None:
        """Carry it out. Errors are kept for those who wait."""
        try:
            # No graph, and no version counter of a user's tensor moves: as gloo, which writes to
            # memory behind torch's back.
            with torch.inference_mode():
                self._action()
        except BaseException as error:  # noqa: BLE001 - raised again by wait()
            self._error = error
        del self._action
        with self._change:
            self.done = True
            future = self._future
        self._open.release()
        if future is not None:
            before, self._line.settler = self._line.settler, threading.get_ident()
            self._settle(future)
            self._line.settler = before

    def wait(self, timeout: timedelta = timedelta(0)) -> bool:
        """Return when it is done. Raises what went wrong, or CollectiveError after ``timeout``."""
        seconds = timeout.total_seconds()
        if seconds <= 0:
            self._line.run_until(self)
        elif not self._open.acquire(timeout=seconds):
            raise CollectiveError(f"a collective was not done within {seconds:g} s")
        else:
            self._open.release()
        if self._error is not None:
            raise self._error
        return True

    def get_future(self) -> torch.futures.Future[Any]:
        """A future of the list of result tensors."""
        with self._change:
            if self._future is None:
                self._future = torch.futures.Future()
                settle = self.done
            else:
                settle = False
        if settle:
            self._settle(self._future)
        return self._future

    def _settle(self, future: torch.futures.Future[Any]) -> None:
        if self._error is None:
            future.set_result(self._tensors)
        else:
            future.set_exception(RuntimeError(str(self._error)))

    def is_completed(self) -> bool:
        """Whether it is done, well or not."""
        return self.done

    def is_success(self) -> bool:
        """Whether it is done and went well."""
        return self.done and self._error is None

    def exception(self) -> Any:
        """What went wrong, or None."""
        return self._error

    def result(self) -> list[Any]:
        """The result tensors."""
        self.wait()
        return self._tensors

    def synchronize(self) -> None:
        """As ``wait()``: there are no streams on a CPU."""
        self.wait()


class Line:
    """Collectives of one group, one after the other."""

    def __init__(self) -> None:
        self._waiting: deque[CollectiveWork] = deque()
        # Callbacks of a future run where it is settled, and may communicate themselves.
        self._running = threading.RLock()
        self._signal = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._closed = False
        self.settler: int | None = None  # the thread that runs callbacks of a future
        # C++ that holds a work does not keep alive what Python adds to it. DDP's join() gives one
        # of a single number there and asks for its result in the backward pass.
        self._kept: deque[CollectiveWork] = deque(maxlen=_KEPT)

    def add(self, action: Action, tensors: list[Any], *, later: bool) -> CollectiveWork:
        """Append a collective; unless ``later``, return only when it is done."""
        work = CollectiveWork(self, action, tensors)
        if self.settler == threading.get_ident():
            # A callback goes on with its own collective, before what waits: so it is on ranks, too,
            # where nothing waits yet.
            work.run()
            return work
        self._waiting.append(work)
        if later:
            if len(tensors) == 1 and tensors[0].numel() == 1:
                self._kept.append(work)
            self._start()
            self._signal.release()
        else:
            self.run_until(work)
        return work

    def begin_now(self) -> None:
        """Run what waits, and let the caller do a collective itself; then it calls ``end_now``.

        As in :meth:`add`, a callback of a future does not wait.
        """
        self._running.acquire()
        while self._waiting and self.settler != threading.get_ident():
            self._waiting.popleft().run()

    def end_now(self) -> None:
        """Let others go on."""
        self._running.release()

    def run_until(self, work: CollectiveWork) -> None:
        """Run what waits, in this thread, up to and with ``work``."""
        while not work.done:
            with self._running:
                if not work.done:
                    self._waiting.popleft().run()

    def close(self) -> None:
        """End the thread once everything before is done."""
        self._closed = True
        self._signal.release()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="smddp", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while True:
            self._signal.acquire()
            with self._running:
                if self._waiting:
                    self._waiting.popleft().run()
                elif self._closed:
                    return
