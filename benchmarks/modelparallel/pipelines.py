"""What the two ranks measure: one training step in three ways, in turn, round by round."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.pipelining import PipelineStage, Schedule1F1B
from torch.nn import functional

from jupyter_sdt.runtime.allocator import keep_freed_memory
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.partition import set_partition
from jupyter_sdt.runtime.modelparallel.step import step

BLOCKS = 8
STAGES = 2
SEQUENCES = 4
# By then a pipeline knows what a step does, and how long its stages wait.
FIRST_STEPS = 8
Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Size:
    """Transformer blocks of ``width``, on as many tokens as take a stage so many milliseconds."""

    milliseconds: int
    width: int


def measure(size: Size, microbatches: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of a step by way; each is the slowest rank's."""
    keep_freed_memory()  # as in every rank of a job
    asked = {"partitions": STAGES, "microbatches": microbatches, "auto_partition": False}
    world.start(Parameters.from_mapping(asked | {"default_partition": 0}))
    torch.manual_seed(0)
    model = network(size)
    shape = (microbatches * SEQUENCES, tokens(size), size.width)
    x, y = torch.randn(shape), torch.randn(shape)
    ways = {
        "sequential": sequential(copy.deepcopy(model), x, y, microbatches),
        "torch": torch_1f1b(copy.deepcopy(model), x, y, microbatches),
        "ours": ours(model, x, y),
    }
    for _ in range(FIRST_STEPS):
        ways["ours"]()
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 2):
        for name, run in ways.items():
            seconds = slowest(run)
            if number > 1:
                found[name].append(seconds)
    return found


def tokens(size: Size) -> int:
    """How many of them in a sequence, by the processor time that rank 0 needs for some."""
    part, tried = network(size)[: BLOCKS // STAGES], 64
    x = torch.randn(SEQUENCES, tried, size.width)
    times = []
    for _ in range(6):
        start = time.process_time()
        part(x).sum().backward()
        times.append(time.process_time() - start)
    found = torch.tensor(max(8, round(tried * size.milliseconds / 1e3 / min(times) / 8) * 8))
    dist.broadcast(found, 0)
    return int(found)


def network(size: Size) -> nn.Sequential:
    """Equal blocks, so that the best cut is in the middle."""
    heads = max(1, size.width // 64)
    return nn.Sequential(
        *(
            nn.TransformerEncoderLayer(
                size.width, heads, 4 * size.width, dropout=0.0, batch_first=True, norm_first=True
            )
            for _ in range(BLOCKS)
        )
    )


def sequential(model: nn.Module, x: torch.Tensor, y: torch.Tensor, microbatches: int) -> Step:
    """The whole model on each rank by itself, both at once: they share caches and memory."""

    def run() -> None:
        model.zero_grad()
        for part, target in zip(x.chunk(microbatches), y.chunk(microbatches), strict=True):
            (functional.mse_loss(model(part), target) / microbatches).backward()

    return run


def torch_1f1b(model: nn.Sequential, x: torch.Tensor, y: torch.Tensor, microbatches: int) -> Step:
    """torch.distributed.pipelining over gloo."""
    rank = dist.get_rank()
    half = BLOCKS // STAGES
    part = model[rank * half : (rank + 1) * half]
    stage = PipelineStage(part, rank, STAGES, torch.device("cpu"))
    schedule = Schedule1F1B(stage, microbatches, loss_fn=functional.mse_loss)

    def run() -> None:
        part.zero_grad()
        if rank == 0:
            schedule.step(x)
        else:
            schedule.step(target=y)

    return run


def ours(module: nn.Sequential, x: torch.Tensor, y: torch.Tensor) -> Step:
    """A step function as scripts write it; the loss is computed on the first stage."""
    for number in range(BLOCKS):
        set_partition(module[number], number * STAGES // BLOCKS)
    model = DistributedModel(module)

    @step
    def train(model: DistributedModel, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        loss = functional.mse_loss(model(x), y)
        model.backward(loss)
        return loss

    def run() -> None:
        model.zero_grad()
        train(model, x, y)

    return run


def slowest(run: Step) -> float:
    """Seconds of one call on the slowest rank; all start at a barrier."""
    dist.barrier()
    start = time.perf_counter()
    run()
    mine = torch.tensor(time.perf_counter() - start, dtype=torch.float64)
    dist.all_reduce(mine, dist.ReduceOp.MAX)
    return mine.item()
