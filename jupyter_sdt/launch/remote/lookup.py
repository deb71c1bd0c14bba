"""Questions to AWS that are asked while the source of a job travels, and cost it no time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from jupyter_sdt.errors import SpecError

# How long a job whose source has arrived waits for an answer at the most.
LONGEST_SECONDS = 1.0


class Lookup:
    """One question in a thread of its own; ``ask`` returns what speaks against the job, or None."""

    def __init__(self, ask: Callable[[], SpecError | None]) -> None:
        self._ask = ask
        self._found: SpecError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="lookup")
        self._thread.start()

    def check(self) -> None:
        """Raise what was found. What cannot be learnt, or not within a second, is no reason."""
        self._thread.join(LONGEST_SECONDS)
        if self._found is not None:
            raise self._found

    def _run(self) -> None:
        with contextlib.suppress(Exception):
            self._found = self._ask()
