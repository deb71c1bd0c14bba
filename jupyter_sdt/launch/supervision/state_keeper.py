"""Writing ``state.json``, also when the disk is full or the folder has gone."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import replace
from typing import Any

from jupyter_sdt.spec.job_status import JobState, SecondaryStatus, Transition
from jupyter_sdt.store.files import append_privately
from jupyter_sdt.store.job_directory import JobDirectory

# Enough for the longest state; given back to the disk when it is full at the end of a job.
_RESERVE_BYTES = 64 * 1024


class StateKeeper:
    """The only writer of a job's state."""

    def __init__(self, directory: JobDirectory) -> None:
        self._directory = directory
        self._reserve = directory.path / ".reserve"
        self.state = JobState()

    def begin(self) -> None:
        """Write the first state and set room aside for the last one."""
        self.enter("Starting")
        with contextlib.suppress(OSError), append_privately(self._reserve) as reserve:
            reserve.write(b"\0" * _RESERVE_BYTES)

    def change(self, **changes: Any) -> None:
        """Change details within the present phase."""
        self.state = replace(self.state, **changes)
        self._write()

    def enter(
        self, secondary_status: SecondaryStatus, at: float | None = None, **changes: Any
    ) -> None:
        """Enter a phase, now or ``at`` a time counted from the epoch."""
        now = time.time() if at is None else at
        self.state = self.state.enter(secondary_status, now, **changes)
        if self.state.terminal:
            # Makes room for the last word, after which the folder belongs to others: nothing of
            # it may change below somebody who deletes it then.
            with contextlib.suppress(OSError):
                self._reserve.unlink(missing_ok=True)
        self._write()

    def follow(self, step: Transition) -> None:
        """Enter a phase that began elsewhere, at the time it has there.

        That we are in it already may be known since later: then it begins earlier.
        """
        if step.secondary_status == self.state.secondary_status:
            began = self.state.transitions[-1].start_seconds
            if step.start_seconds >= began:
                return
            self.state = replace(self.state, transitions=(*self.state.transitions[:-1], step))
        else:
            self.state = self.state.enter(step.secondary_status, step.start_seconds)
        self._write()

    def _write(self) -> None:
        try:
            self._directory.write_state(self.state)
        except OSError as error:
            # Losing the story must not lose the training; only the end has to be told.
            with contextlib.suppress(OSError):
                sys.stderr.write(f"state.json could not be written: {error}\n")
