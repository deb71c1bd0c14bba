"""Ranks, most often two, that train one way, round by round, as their parent asks them."""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from ways import GPU_WAYS, SIZED_WAYS, WAYS, Step

from jupyter_sdt.runtime.allocator import keep_freed_memory

_FORK = multiprocessing.get_context("fork")
_SECONDS = 300
_WARM_UP = 3  # steps; the last ones already have their buckets in shared memory
_WATCHED = 3  # steps at the end


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of one rank at their highest.

    ``peak`` is what it maps (VmHWM), where a page that both ranks see counts for each of them;
    ``proportional`` is its share (PSS) of what is really there.
    """

    peak: float
    proportional: float


class Pair:
    """Ranks, forked before torch has computed anything, that train ``way`` on ``model``."""

    def __init__(self, way: str, model: str, ranks: int = 2) -> None:
        self._pipes, self._processes = [], []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for rank in range(ranks):
            ours, theirs = _FORK.Pipe()
            process = _FORK.Process(
                target=_rank, args=((rank, ranks, port), theirs, way, model), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        self.round(_WARM_UP)

    def round(self, steps: int) -> float:
        """Seconds of one step on the slower rank."""
        return max(self._ask(steps))

    def close(self) -> list[Memory]:
        """End the ranks and tell their memory."""
        memory = self._ask(0)
        for process in self._processes:
            process.join(_SECONDS)
        return memory

    def _ask(self, steps: int) -> list[Any]:
        for pipe in self._pipes:
            pipe.send(steps)
        answers = []
        for pipe in self._pipes:
            if not pipe.poll(_SECONDS):
                raise TimeoutError(f"a rank did not train within {_SECONDS} s")
            answers.append(pipe.recv())
        return answers


def _rank(seat: tuple[int, int, int], pipe: Any, way: str, model: str) -> None:
    rank, ranks, port = seat
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in place.items()})
    os.environ["MASTER_ADDR"] = "127.0.0.1"
    torch.set_num_threads(1)
    chosen = (WAYS | GPU_WAYS | SIZED_WAYS)[way]
    if chosen.keeps_memory:
        keep_freed_memory()
    step = chosen.make(model)
    while steps := pipe.recv():
        pipe.send(_seconds(step, steps))
    pipe.send(_memory(step))
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
    os._exit(0)


def _seconds(step: Step, steps: int) -> float:
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def _memory(step: Step) -> Memory:
    """After all that was timed: the kernel keeps no highest PSS, it is looked at while we train."""
    seen, is_over = [_proportional()], threading.Event()

    def look() -> None:
        while not is_over.wait(0.005):
            seen.append(_proportional())

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(_WATCHED):
        step()
    is_over.set()
    looking.join()
    return Memory(_kilobytes("status", "VmHWM:") / 1024, max(seen) / 1024)


def _proportional() -> int:
    return _kilobytes("smaps_rollup", "Pss:")


def _kilobytes(file: str, name: str) -> int:
    lines = Path("/proc/self", file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
