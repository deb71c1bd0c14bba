"""Ranks forked before anyone asked for them.

A fork of a process with torch in it takes some ten milliseconds, since the kernel copies tables for
300 MB of mappings. A stand-by rank has that behind it and waits, clean and untouched, for the one
plan it will carry out.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import NoReturn

from jupyter_sdt.launch.launchers.plan import ProcessPlan

_LENGTH_BYTES = 8
# More would only wait: on as many cores nobody starts more ranks in a hurry.
MOST_RANKS = 8


@dataclass(frozen=True, slots=True)
class StandbyRank:
    """A waiting child: ``pid``, and the pipe that brings it its plan or, closed, its end."""

    pid: int
    pipe: int

    def begin(self, plan: ProcessPlan) -> None:
        """Let it become the process that ``plan`` describes, in our present environment."""
        body = {**asdict(plan), "environment": {**os.environ, **plan.environment}}
        content = json.dumps(body).encode()
        with os.fdopen(self.pipe, "wb") as pipe:
            pipe.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)

    def dismiss(self) -> None:
        """Let it end; nobody needs it."""
        os.close(self.pipe)


def fork_standby_ranks(
    number: int, become: Callable[[ProcessPlan], object], private: Iterable[int]
) -> list[StandbyRank]:
    """Fork ``number`` children that wait for a plan and then call ``become`` with it.

    ``private`` are descriptors of this process that they must not keep.
    """
    waiting: list[StandbyRank] = []
    for _ in range(number):
        source, pipe = os.pipe()
        pid = fork_with_fresh_signals()
        if pid == 0:
            # A pipe is closed only when nobody holds its writing end, so keep none of them.
            for descriptor in (pipe, *private, *(rank.pipe for rank in waiting)):
                os.close(descriptor)
            _wait(source, become)
        os.close(source)
        waiting.append(StandbyRank(pid, pipe))
    return waiting


def fork_with_fresh_signals() -> int:
    """Fork a child whose signals do what they do in a fresh interpreter; returns as os.fork().

    A SIGTERM that came before the child has dispositions of its own would end up in a copy of the
    supervisor's handler, and be lost.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _wait(source: int, become: Callable[[ProcessPlan], object]) -> NoReturn:
    try:
        with os.fdopen(source, "rb") as pipe:
            size = int.from_bytes(pipe.read(_LENGTH_BYTES), "big")
            content = pipe.read(size)
        if content and len(content) == size:
            plan = ProcessPlan.from_json(json.loads(content))
            os.environ.clear()
            become(plan)
    finally:
        os._exit(1)
