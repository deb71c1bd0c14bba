"""The floor of a warm start: fork two ranks of a process that has every import behind it.

No job directory, no supervisor, no notebook: what remains is fork, rendezvous and the step.
Run as a script it is that process; it reads a folder and a port for each round from stdin.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from pathlib import Path

from commands import free_port, rank_environment
from training import RANKS, first_step_seconds, step_source
from ways import Place

_IMPORTS = ("torch", "torch.distributed", "torch.nn.parallel", "torch.optim", "torch._dynamo")


class ForkFloor:
    """Forks on demand."""

    name = "floor of a warm start: bare fork"
    keeps_state = False

    def __init__(self, place: Place) -> None:
        self._place = place

    def open(self) -> None:
        """Start the process and wait for its imports."""
        self._process = subprocess.Popen(
            [str(self._place.python), __file__],
            env={**os.environ, **self._place.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def shot(self, folder: Path) -> float:
        """Time from the request."""
        assert self._process.stdin is not None
        port = free_port()
        started = time.time()
        self._process.stdin.write(f"{folder} {port}\n")
        self._process.stdin.flush()
        return first_step_seconds(folder, started)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


def serve() -> None:
    """Fork two ranks for each line."""
    for name in _IMPORTS:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        folder, port = line.split()
        children = [_fork(rank, Path(folder), int(port)) for rank in range(RANKS)]
        for child in children:
            os.waitpid(child, 0)


def _fork(rank: int, folder: Path, port: int) -> int:
    child = os.fork()
    if child == 0:
        os.environ.update(rank_environment(rank, port))
        exec(compile(step_source(folder), "script.py", "exec"), {"__name__": "__main__"})
        os._exit(0)
    return child


if __name__ == "__main__":
    serve()
