"""AllReduce and training steps over shared memory, against their peers in the same run.

``.venv/bin/python benchmarks/dataparallel/main.py [--quick] [--only PART ...]``; see README.md.
"""

from __future__ import annotations

import argparse
import json
import os

import torch
from forked_ranks import run_ranks
from measurements import AllReduce, all_reduce
from network import measure_network
from open_mpi import measure_open_mpi
from training import beside, report, train
from ways import SIZED_WAYS

from jupyter_sdt.scaling.conditions import current_conditions

KB, MB = 1 << 10, 1 << 20
SIZES = [4 * KB, 64 * KB, MB, 4 * MB, 25 * MB, 100 * MB, 256 * MB]
ASKED = {4 * KB: "4kb", 64 * KB: "64kb", MB: "1mb", 25 * MB: "25mb", 256 * MB: "256mb"}
PARTS = ("allreduce", "network", "mlp", "gpt", "buffers", "gpu")


def main() -> None:
    """Measure the parts, print the tables, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and 25 MB at most")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    results: dict[str, float] = {}
    for part in chosen.only:
        results |= MEASURE[part](chosen.quick)
    print(f"\n{current_conditions(None)}; load before the run {load:.2f}")
    print(json.dumps({name: float(f"{value:.4g}") for name, value in results.items()}))


def measure_all_reduce(quick: bool) -> dict[str, float]:
    """Ours, gloo, Open MPI and the floor, on 2 ranks and on 4."""
    rounds, sizes = (5, SIZES[:5]) if quick else (9, SIZES)
    results: dict[str, float] = {}
    for ranks in (2, 4):
        reduced = run_ranks(ranks, all_reduce, sizes, rounds)
        others = measure_open_mpi(ranks, sizes, rounds)
        print_all_reduce(ranks, reduced, others)
        results |= ratios(ranks, reduced)
    return results


def print_all_reduce(ranks: int, reduced: list[AllReduce], others: dict[int, float]) -> None:
    """Medians in milliseconds and the ratio of each round's pair."""
    print(f"\nAllReduce, {ranks} ranks, float32: median ms of one call, and times faster than gloo")
    print(
        f"{'KB':>7} {'shared':>8} {'x':>6} {'any':>8} {'x':>6} {'gloo':>8} {'MPI':>8} {'copy':>8}"
    )
    for row in reduced:
        mpi = 1e3 * others.get(row.size, float("nan"))
        print(
            f"{row.size // KB:>7} {row.milliseconds('shared'):>8.3f} {row.ratio('shared'):>6.2f} "
            f"{row.milliseconds('any'):>8.3f} {row.ratio('any'):>6.2f} "
            f"{row.milliseconds('gloo'):>8.3f} {mpi:>8.3f} {row.milliseconds('floor'):>8.3f}"
        )


def ratios(ranks: int, reduced: list[AllReduce]) -> dict[str, float]:
    """The ratios to gloo, by name."""
    tail = "" if ranks == 2 else f"_{ranks}ranks"
    return {
        f"allreduce_{way}_ratio_{ASKED[row.size]}{tail}": row.ratio(way)
        for way in ("shared", "any")
        for row in reduced
        if row.size in ASKED
    }


def measure_nodes(quick: bool) -> dict[str, float]:
    """Two nodes of two ranks over 1 Gbit/s."""
    rows = measure_network([64 * KB, 4 * MB, 25 * MB], 3 if quick else 7)
    if rows:
        print(
            "\nAllReduce, 2 nodes x 2 ranks, 1 Gbit/s: median ms, and times faster than flat gloo"
        )
    for row in rows:
        words = (
            f"{way} {1e3 * row[way]:.1f} ({row[f'{way}_ratio']:.2f})"
            for way in ("flat_gloo", "ours", "ours_any", "ours_bf16")
        )
        print(f"{row['size'] / KB:>7.0f} KB ", "  ".join(words))
    return {
        f"two_nodes_ratio_{ASKED[int(row['size'])]}{tail}": row[f"ours{tail}_ratio"]
        for row in rows
        for tail in ("", "_bf16")
        if row["size"] == 25 * MB
    }


def measure_steps(model: str, quick: bool) -> dict[str, float]:
    """Shares of the bound."""
    rounds, steps = (
        ((5, 4) if quick else (9, 5)) if model == "mlp" else ((3, 1) if quick else (5, 2))
    )
    return report(model, train(model, rounds, steps))


def measure_buffers(quick: bool) -> dict[str, float]:
    """Buffers of several sizes beside torch's buckets over the same backend."""
    for model, amount in (("mlp", (15, 5)), ("gpt", (7, 1))):
        rounds, steps = (3, 1) if quick else amount
        # One after the other: all at once would need 15 GB.
        ratios = {size: beside("ours", size, model, (rounds, steps)) for size in SIZED_WAYS}
        words = (f"{size} {ratio:.3f}" for size, ratio in ratios.items())
        print(f"\nTime of a step, {model}, over that in torch's buckets:  {'  '.join(words)}")
    return {}


def measure_gpus(quick: bool) -> dict[str, float]:
    """What ours costs beside DDP over NCCL, on all GPUs of this machine; nothing where none is."""
    # Counted without starting CUDA, which would not survive the fork of the ranks.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    gpus = torch.cuda.device_count()
    if not gpus:
        print("\nNo GPU here: ours is not compared with NCCL")
        return {}
    amount = 3 if quick else 9, 20
    ratio = beside("gpu_nccl", "gpu_smddp", "gpt", amount, gpus)
    print(f"\nTraining step, gpt, {gpus} GPUs: ours takes {ratio:.3f} times as long as NCCL's DDP")
    return {"gpu_step_ratio": ratio}


MEASURE = {
    "allreduce": measure_all_reduce,
    "network": measure_nodes,
    "mlp": lambda quick: measure_steps("mlp", quick),
    "gpt": lambda quick: measure_steps("gpt", quick),
    "buffers": measure_buffers,
    "gpu": measure_gpus,
}

if __name__ == "__main__":
    main()
