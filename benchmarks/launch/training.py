"""What every way of launching has to run: one step of DDP on each of two ranks."""

from __future__ import annotations

import time
from pathlib import Path

RANKS = 2
LONGEST_SECONDS = 180.0

# The ranks' own clock says when the step was done: time.time() is the same on all of one machine.
STEP = """
import os, time, torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

torch.set_num_threads(1)
if not dist.is_initialized():
    dist.init_process_group("gloo")
model = DistributedDataParallel(torch.nn.Linear(64, 8))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = model(torch.randn(32, 64)).square().mean()
loss.backward()
optimizer.step()
done = time.time()
path = f"{folder}/rank-{{dist.get_rank()}}"
with open(path + ".part", "w") as file:
    file.write(repr(done))
os.replace(path + ".part", path)
dist.barrier()
"""


def step_source(folder: Path) -> str:
    """The training script; each rank leaves the time of its first step in ``folder``."""
    return STEP.format(folder=folder)


def first_step_seconds(folder: Path, started: float) -> float:
    """Wait for both ranks; returns seconds from ``started`` to the slower one's first step.

    Raises TimeoutError when a rank does not get there.
    """
    files = [folder / f"rank-{rank}" for rank in range(RANKS)]
    deadline = time.monotonic() + LONGEST_SECONDS
    while not all(file.exists() for file in files):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no first step within {LONGEST_SECONDS:g} s")
        time.sleep(0.005)
    return max(float(file.read_text()) for file in files) - started
