"""One rank of :mod:`network`: ``network_rank.py ROUNDS SIZE...``; rank 0 prints JSON."""

from __future__ import annotations

import json
import os
import statistics
import sys

import torch
import torch.distributed as dist
from measurements import seconds

from jupyter_sdt.runtime.dataparallel import shared_zeros
from jupyter_sdt.spec.variables import WIRE_DTYPE


def main(rounds: int, sizes: list[int]) -> None:
    """Measure every way in turn."""
    dist.init_process_group("smddp")
    gloo = dist.new_group(backend="gloo")
    os.environ[WIRE_DTYPE] = "bfloat16"
    short = dist.new_group(backend="smddp")
    rows = [measure(size, rounds, gloo, short) for size in sizes]
    if dist.get_rank() == 0:
        print(json.dumps(rows))
    dist.barrier()
    sys.stdout.flush()
    os._exit(0)


def measure(
    size: int, rounds: int, gloo: dist.ProcessGroup, short: dist.ProcessGroup
) -> dict[str, float]:
    """Medians over rounds: seconds of each way, and ratios to the flat ring of gloo."""
    plain = torch.zeros(size // 4)
    ways = {
        "flat_gloo": (plain, gloo),
        "ours": (shared_zeros(size // 4), None),
        "ours_any": (plain, None),
        "ours_bf16": (shared_zeros(size // 4, group=short), short),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for count in range(rounds + 1):
        for name, (tensor, group) in ways.items():
            taken = seconds(lambda t=tensor, g=group: dist.all_reduce(t, group=g), 2)
            if count:
                found[name].append(taken)
    row: dict[str, float] = {"size": size}
    for name, times in found.items():
        row[name] = statistics.median(times)
        pairs = zip(found["flat_gloo"], times, strict=True)
        row[f"{name}_ratio"] = statistics.median(flat / time for flat, time in pairs)
    return row


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(word) for word in sys.argv[2:]])
