"""What the ranks measure; every way takes its turn in every round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from jupyter_sdt.runtime.dataparallel import smddp_hook

Steps = dict[str, list[float]]
_STEPS = 4  # of training, in one round


@dataclass
class AllReduce:
    """Seconds of one call, by round, for ``size`` bytes."""

    size: int
    ours: list[float] = field(default_factory=list)
    gloo: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Median over rounds of gloo's time over ours."""
        return statistics.median(g / o for g, o in zip(self.gloo, self.ours, strict=True))


def all_reduce(sizes: list[int], rounds: int) -> list[AllReduce]:
    """Both backends in turn. A rank's time is that of the slowest: all start at a barrier."""
    gloo = _join()
    found = [AllReduce(size) for size in sizes]
    for row in found:
        # Zeros stay zeros however often they are added.
        tensor, copy = torch.zeros(row.size // 4), torch.zeros(row.size // 4)
        calls = max(2, min(20, (8 << 20) // row.size))
        for _ in range(rounds + 1):
            row.ours.append(_seconds(lambda t=tensor: dist.all_reduce(t), calls))
            row.gloo.append(_seconds(lambda t=tensor: dist.all_reduce(t, group=gloo), calls))
            row.floor.append(_seconds(lambda t=tensor, c=copy: c.copy_(t), calls))
        for times in (row.ours, row.gloo, row.floor):
            del times[0]  # where caches and connections get warm
    return found


def steps(rounds: int) -> Steps:
    """Seconds of a training step by way."""
    gloo = _join()
    ways = {
        "independent": _stepper(_model()),
        "gloo_mlp": _stepper(_ddp(gloo)),
        "mlp": _stepper(_ddp(None)),
        "hook_mlp": _stepper(_hooked(_ddp(None))),
    }
    found: Steps = {name: [] for name in ways}
    for count in range(rounds + 1):
        for name, step in ways.items():
            seconds = _seconds(step, _STEPS)
            if count:
                found[name].append(seconds)
    return found


def _join() -> dist.ProcessGroup:
    dist.init_process_group("smddp")
    return dist.new_group(backend="gloo")


def _seconds(call: Callable[[], object], calls: int) -> float:
    """Mean of ``calls`` on the slowest rank."""
    dist.barrier()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    mine = torch.tensor((time.perf_counter() - start) / calls, dtype=torch.float64)
    dist.all_reduce(mine, dist.ReduceOp.MAX)
    return mine.item()


def _model() -> nn.Module:
    torch.manual_seed(0)
    widths = [1024, 2048, 2048, 1024, 1024]
    pairs = pairwise(widths)
    layers = [layer for pair in pairs for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(1024, 10))


def _ddp(group: dist.ProcessGroup | None) -> DistributedDataParallel:
    return DistributedDataParallel(_model(), process_group=group, gradient_as_bucket_view=True)


def _hooked(model: DistributedDataParallel) -> DistributedDataParallel:
    model.register_comm_hook(None, smddp_hook)
    return model


def _stepper(model: nn.Module) -> Callable[[], None]:
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    x, y = torch.randn(64, 1024), torch.randint(0, 10, (64,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step
