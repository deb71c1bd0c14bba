"""torchrun as a shell command, and two bare interpreters: what a cold start costs at least."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

from training import LONGEST_SECONDS, RANKS, first_step_seconds, step_source
from ways import Place


class Torchrun:
    """``torchrun --standalone --nproc-per-node 2 script.py``."""

    name = "torchrun (shell command)"
    keeps_state = False

    def __init__(self, place: Place) -> None:
        self._place = place

    def open(self) -> None:
        """Nothing to prepare."""

    def shot(self, folder: Path) -> float:
        """Time from the start of the command."""
        script = _script(folder)
        arguments = ["--standalone", f"--nproc-per-node={RANKS}", str(script)]
        command = [str(self._place.python), "-m", "torch.distributed.run", *arguments]
        return _first_step(folder, [command], [self._environment()])

    def close(self) -> None:
        """Nothing stays."""

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self._place.environment}


class BareInterpreters:
    """``python script.py`` twice with the ranks' variables set: the floor of every cold start."""

    name = "floor of a cold start: 2 bare interpreters"
    keeps_state = False

    def __init__(self, place: Place) -> None:
        self._place = place

    def open(self) -> None:
        """Nothing to prepare."""

    def shot(self, folder: Path) -> float:
        """Time from the start of the first interpreter."""
        command = [str(self._place.python), str(_script(folder))]
        port = free_port()
        environments = [
            {**os.environ, **self._place.environment, **rank_environment(rank, port)}
            for rank in range(RANKS)
        ]
        return _first_step(folder, [command] * RANKS, environments)

    def close(self) -> None:
        """Nothing stays."""


def rank_environment(rank: int, port: int) -> dict[str, str]:
    """What torch.distributed's ``env://`` rendezvous reads."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(RANKS),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _script(folder: Path) -> Path:
    script = folder / "script.py"
    script.write_text(step_source(folder))
    return script


def _first_step(
    folder: Path, commands: list[list[str]], environments: list[dict[str, str]]
) -> float:
    with (folder / "output.log").open("wb") as log:
        started = time.time()
        processes = [
            subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
            for command, environment in zip(commands, environments, strict=True)
        ]
        try:
            return first_step_seconds(folder, started)
        finally:
            for process in processes:
                process.wait(LONGEST_SECONDS)
