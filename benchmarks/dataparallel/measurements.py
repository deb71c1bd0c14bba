"""AllReduce on one node; every way takes its turn in every round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel import shared_zeros


@dataclass
class AllReduce:
    """Seconds of one call, by round, for ``size`` bytes.

    ``shared`` is ours with tensors in shared memory, ``any`` ours with others, ``floor`` one copy
    of the tensor within memory by each rank.
    """

    size: int
    shared: list[float] = field(default_factory=list)
    any: list[float] = field(default_factory=list)
    gloo: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def ratio(self, way: str) -> float:
        """Median over rounds of gloo's time over that way's."""
        return statistics.median(g / o for g, o in zip(self.gloo, getattr(self, way), strict=True))

    def milliseconds(self, way: str) -> float:
        """Median over rounds."""
        return 1e3 * statistics.median(getattr(self, way))


def all_reduce(sizes: list[int], rounds: int) -> list[AllReduce]:
    """Ours and gloo in turn. A rank's time is that of the slowest: all start at a barrier."""
    dist.init_process_group("smddp")
    gloo = dist.new_group(backend="gloo")
    return [_measure(AllReduce(size), gloo, rounds) for size in sizes]


def _measure(row: AllReduce, gloo: dist.ProcessGroup, rounds: int) -> AllReduce:
    # Zeros stay zeros however often they are added.
    plain, shared, copy = (make(row.size // 4) for make in (torch.zeros, shared_zeros, torch.ones))
    calls = max(2, min(20, (8 << 20) // row.size))
    for _ in range(rounds + 1):
        row.shared.append(seconds(lambda: dist.all_reduce(shared), calls))
        row.any.append(seconds(lambda: dist.all_reduce(plain), calls))
        row.gloo.append(seconds(lambda: dist.all_reduce(plain, group=gloo), calls))
        row.floor.append(seconds(lambda: copy.copy_(plain), calls))
    for times in (row.shared, row.any, row.gloo, row.floor):
        del times[0]  # where caches and connections get warm
    return row


def seconds(call: Callable[[], object], calls: int) -> float:
    """Mean of ``calls`` on the slowest rank."""
    dist.barrier()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    mine = torch.tensor((time.perf_counter() - start) / calls, dtype=torch.float64)
    dist.all_reduce(mine, dist.ReduceOp.MAX)
    return mine.item()
