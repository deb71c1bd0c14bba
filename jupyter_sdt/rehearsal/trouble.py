"""What goes wrong on purpose: expired keys, missing permissions, answers that were arranged."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from jupyter_sdt.rehearsal.refusals import RefusedError

# As many calls are remembered; who counts them does so sooner.
_REMEMBERED = 100_000


@dataclass
class Trouble:
    """Which calls are refused or broken off; ``calls`` are the operations asked for, in order.

    ``expired`` are ids of access keys, ``denied`` names of operations.
    """

    denied: Collection[str] = ()
    expired: set[str] = field(default_factory=set)
    calls: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _refusals: list[tuple[str, RefusedError]] = field(default_factory=list)
    _cuts: list[int] = field(default_factory=list)
    _lost: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse(self, operation: str, refused: RefusedError, times: int) -> None:
        """Answer the next ``times`` calls of an operation with an error."""
        with self._lock:
            self._refusals += [(operation, refused)] * times

    def cut(self, after_bytes: int, times: int) -> None:
        """End the next ``times`` objects that are read after so many bytes."""
        with self._lock:
            self._cuts += [after_bytes] * times

    def lose(self, operation: str, times: int) -> None:
        """Have the next ``times`` calls of an operation done, and their answers lost."""
        with self._lock:
            self._lost += [operation] * times

    def forget(self) -> None:
        """Take back what was arranged and has not come to pass."""
        with self._lock:
            self._refusals.clear()
            self._cuts.clear()
            self._lost.clear()

    def meet(self, operation: str, key: str) -> RefusedError | None:
        """Take a call down; returns what it is refused with, None when it may pass.

        Every service may answer so, whatever its own description lists.
        """
        self.calls.append(operation)
        if key in self.expired:
            return RefusedError(
                "ExpiredTokenException", "The security token included in the request is expired"
            )
        if operation in self.denied:
            return RefusedError(
                "AccessDeniedException", f"User is not authorized to perform: {operation}"
            )
        return self._arranged(operation)

    def break_off(self, operation: str) -> int | None:
        """After how many bytes an answer ends, None for one that is whole."""
        with self._lock:
            return self._cuts.pop(0) if operation == "GetObject" and self._cuts else None

    def loses(self, operation: str) -> bool:
        """Whether an answer does not arrive."""
        with self._lock:
            if operation not in self._lost:
                return False
            self._lost.remove(operation)
            return True

    def _arranged(self, operation: str) -> RefusedError | None:
        with self._lock:
            found = next((one for one in self._refusals if one[0] == operation), None)
            if found is None:
                return None
            self._refusals.remove(found)
            return found[1]
