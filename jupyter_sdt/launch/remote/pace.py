"""When to ask a service again: seldom, not in step with others, and less often after trouble."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_SLOWEST_SECONDS = 60.0
_GROWTH = 1.5
_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0)


def patiently(call: Callable[[], object], throttled: Callable[[Exception], bool]) -> None:
    """Do ``call``; while an error of it is ``throttled``, wait and do it again, up to two minutes.

    Many jobs that are sent at once wait for each other so.
    """
    for pause in _PAUSES:
        try:
            call()
        except Exception as error:
            if not throttled(error):
                raise
        else:
            return
        time.sleep(random.uniform(0.5 * pause, pause))  # noqa: S311 - no secret
    call()


@dataclass(slots=True)
class Pace:
    """Seconds between calls: from ``first`` up to ``longest``; doubled with each failure.

    Each pause is drawn between four fifths and the whole of it, so that fifty jobs that began
    together do not stay together. https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter
    """

    first: float
    longest: float
    _pause: float = field(default=0.0, init=False)
    _due: float = field(default=0.0, init=False)

    def due(self, now: float) -> bool:
        """Whether it is time; the first time is at once."""
        return now >= self._due

    def hurry(self) -> None:
        """Begin again with short pauses."""
        self._pause = self._due = 0.0

    def went_well(self, now: float) -> None:
        """Plan the next call after a success."""
        grown = max(self.first, self._pause * _GROWTH)
        self._plan(now, min(self.longest, grown))

    def went_wrong(self, now: float) -> None:
        """Plan the next call after a failure."""
        self._plan(now, min(_SLOWEST_SECONDS, max(self.first, self._pause * 2)))

    def _plan(self, now: float, pause: float) -> None:
        self._pause = pause
        self._due = now + random.uniform(0.8 * pause, pause)  # noqa: S311 - no secret
