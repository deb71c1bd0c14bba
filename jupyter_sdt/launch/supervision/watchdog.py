"""Noticing that a rank makes no steps any more, and keeping the evidence."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time

from jupyter_sdt.launch.supervision.ending import Ending
from jupyter_sdt.launch.supervision.process_tree import living_ranks
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.log_reader import last_lines

_CHECK_SECONDS = 0.5
# How long ranks get to write their stacks; faulthandler needs a few milliseconds.
_DUMP_SECONDS = 1.0
# Among so many there is one with a step.
_LAST_RECORDS = 100


class Watchdog:
    """Ends a job when some rank has made no step for ``hang_seconds``; off when that is None.

    A step is a new line in the rank's metrics file, from autolog or from the script. The clock of
    a rank starts when it is first seen, so that slow imports count too.
    """

    def __init__(self, spec: JobSpec, directory: JobDirectory) -> None:
        self._limit = spec.hang_seconds
        self._world_size = spec.world_size
        self._cell, self._entry_point = spec.cell, spec.entry_point
        self._directory = directory
        self._since = time.time()
        self._next_check = 0.0

    def check(self, now: float, ending: Ending) -> None:
        """Look at every rank, at most twice a second."""
        if self._limit is None or now < self._next_check or ending.asked:
            return
        self._next_check = now + min(_CHECK_SECONDS, self._limit / 4)
        silent = [r for r in range(self._world_size) if now - self._last_sign(r) > self._limit]
        if silent:
            ending.ask("Failed", self._report(silent))

    def _last_sign(self, rank: int) -> float:
        try:
            return max(self._since, self._directory.metric(rank).stat().st_mtime)
        except OSError:
            return self._since

    def _report(self, silent: list[int]) -> str:
        self._dump_stacks()
        steps = {rank: self._last_step(rank) for rank in range(self._world_size)}
        return (
            f"no step on rank {', '.join(map(str, silent))} for {self._limit:g} s; "
            f"{self._standing(steps, silent)}; every rank's stacks are in {self._directory.stacks}"
        )

    def _standing(self, steps: dict[int, int], silent: list[int]) -> str:
        """Who is behind; of ranks at the same step, where in the script each of them is."""
        if len(steps) > 1 and len(set(steps.values())) == 1:
            places = ", ".join(f"rank {rank} {self._place(rank)}" for rank in steps)
            return f"all ranks had done the same ({_words(steps[0])}): {places}"
        behind = min(silent, key=lambda rank: (steps[rank], self._last_sign(rank)))
        told = ", ".join(f"rank {r}: {_words(s)}" for r, s in steps.items())
        return f"rank {behind} is behind ({told})"

    def _place(self, rank: int) -> str:
        """The innermost line of the user's source on a rank's stack, from faulthandler's dump."""
        try:
            stacks = (self._directory.stacks / f"rank-{rank}.txt").read_text(errors="replace")
        except OSError:
            stacks = ""
        source = re.escape(f"{self._directory.source}{os.sep}")
        found = re.search(rf'File "{source}(.+)", line (\d+)', stacks)
        if found is None:
            return "outside the script"
        return f"in {self._name(found[1])}, line {found[2]}"

    def _name(self, file: str) -> str:
        return self._cell.label if self._cell and file == self._entry_point else file

    def _dump_stacks(self) -> None:
        ranks = living_ranks(self._directory)
        for process in ranks.values():
            with contextlib.suppress(OSError):
                os.kill(process.pid, signal.SIGUSR1)
        deadline = time.monotonic() + _DUMP_SECONDS
        while time.monotonic() < deadline and not self._dumped(set(ranks)):
            time.sleep(0.02)

    def _dumped(self, ranks: set[int]) -> bool:
        files = [self._directory.stacks / f"rank-{rank}.txt" for rank in ranks]
        return all(f.exists() and f.stat().st_size for f in files)

    def _last_step(self, rank: int) -> int:
        for line in reversed(last_lines(self._directory.metric(rank), _LAST_RECORDS)):
            with contextlib.suppress(ValueError, KeyError):
                step = MetricRecord.from_line(line.encode()).step
                if step is not None:
                    return step
        return -1


def _words(step: int) -> str:
    return "no step yet" if step < 0 else f"step {step}"
