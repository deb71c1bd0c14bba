"""What rank 0 prints, printed below the cell that waits for it, as a plain run would."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.store.log_reader import LogReader

# A notebook that holds every line of a chatty script is slow to open; the log has them all.
MOST_LINES = 200


class LogEcho:
    """Prints the new lines of rank 0's log, the first 200 of them, then where the rest is."""

    def __init__(self, job: TrainingJob) -> None:
        self._job = job
        self._reader = LogReader(job.directory, rank=0)
        self._left = MOST_LINES

    def poll(self) -> None:
        """Print what is new and whole."""
        self._print(self._reader.read())

    def finish(self) -> None:
        """Print what is left; the job has ended."""
        self._print(self._reader.finish())

    def _print(self, lines: Iterable[str]) -> None:
        sys.stdout.write("".join(self._first(lines)))
        sys.stdout.flush()

    def _first(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            if self._left == 0:
                yield f"... more: %sdt_logs {self._job.name} --rank 0\n"
            self._left -= 1
            if self._left >= 0:
                yield f"{line}\n"
