"""What rank 0 prints, printed below the cell that waits for it, as a plain run would."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterable, Iterator

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.store.failure import read_errors
from jupyter_sdt.store.log_reader import LogReader

# A notebook that holds every line of a chatty script is slow to open; the log has them all.
MOST_LINES, LONGEST_LINE = 200, 4000
_TRACEBACK = "Traceback (most recent call last)"
# A rank that ends with a traceback has ended by then; one that has only printed it goes on.
_HOLD_SECONDS = 1.0
_LONGEST_TOLD = 120


class LogEcho:
    """Prints the new lines of rank 0's log, the first 200 of them, then where the rest is.

    The traceback with which rank 0 ends is not printed: the error of the cell shows it, or that of
    the rank which failed first and took rank 0 with it.
    """

    def __init__(self, job: TrainingJob) -> None:
        self._job = job
        self._reader = LogReader(job.directory, rank=0)
        self._left = MOST_LINES
        self._held: list[str] = []
        self._held_since = 0.0

    def poll(self) -> None:
        """Print what is new and whole, but for a traceback that may be the end."""
        for line in self._reader.read():
            if not self._held and _TRACEBACK not in line:
                self._print([line])
                continue
            self._held_since = self._held_since if self._held else time.monotonic()
            self._held.append(line)
        if self._held and time.monotonic() - self._held_since > _HOLD_SECONDS:
            self._release()
        sys.stdout.flush()

    def finish(self) -> None:
        """Print what is left; the job has ended."""
        self.poll()
        self._held += self._reader.finish()
        if self._job.status == "Failed":
            self._held = list(self._without_end("\n".join(self._held)))
        self._release()

    def _without_end(self, text: str) -> Iterator[str]:
        report = read_errors(self._job.directory).get(0, {})
        end = str(report.get("traceback", "")).strip()
        if not end or end not in text:
            yield from text.splitlines()
            return
        yield from text.replace(end, "", 1).rstrip().splitlines()
        if self._job.state().failed_rank not in (None, 0):
            told = f"{report.get('type', 'error')}: {report.get('message', '')}"
            told = textwrap.shorten(told, _LONGEST_TOLD, placeholder=" …")
            yield f"rank 0 ended after that with {told} (%sdt_logs {self._job.name} --rank 0)"

    def _release(self) -> None:
        held, self._held = self._held, []
        self._print(held)
        sys.stdout.flush()

    def _print(self, lines: Iterable[str]) -> None:
        sys.stdout.write("".join(self._first(lines)))

    def _first(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            if self._left == 0:
                yield f"... more: %sdt_logs {self._job.name} --rank 0\n"
            self._left -= 1
            if self._left >= 0:
                yield f"{line[:LONGEST_LINE]}{' …' if len(line) > LONGEST_LINE else ''}\n"
