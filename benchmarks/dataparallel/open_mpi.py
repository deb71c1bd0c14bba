"""AllReduce of Open MPI through mpi4py; run by mpirun as ``open_mpi.py ROUNDS SIZE...``."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.launchers.mpirun import find_mpirun

_SECONDS = 120


def measure_open_mpi(ranks: int, sizes: list[int], rounds: int) -> dict[int, float]:
    """Median seconds of a call by size in bytes; empty where there is no Open MPI."""
    try:
        command = [find_mpirun(sys.executable), "--oversubscribe", "--bind-to", "none"]
    except LaunchError as error:
        sys.stdout.write(f"\nno Open MPI: {error}\n")
        return {}
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    words = [str(rounds), *map(str, sizes)]
    done = subprocess.run(
        [*command, "-np", str(ranks), sys.executable, str(Path(__file__)), *words],
        env=os.environ | root,
        stdout=subprocess.PIPE,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        sys.stdout.write(f"\nno Open MPI: mpirun ended with {done.returncode}\n")
        return {}
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {int(size): taken for size, taken in found.items()}


def main(rounds: int, sizes: list[int]) -> None:
    """One rank."""
    import numpy as np  # noqa: PLC0415 - only under mpirun
    from mpi4py import MPI  # noqa: PLC0415

    world, found = MPI.COMM_WORLD, {}
    for size in sizes:
        data = np.zeros(size // 4, dtype=np.float32)
        calls = max(2, min(20, (8 << 20) // size))
        times = []
        for _ in range(rounds + 1):
            world.Barrier()
            start = time.perf_counter()
            for _ in range(calls):
                world.Allreduce(MPI.IN_PLACE, data)
            mine = (time.perf_counter() - start) / calls
            times.append(world.allreduce(mine, MPI.MAX))
        found[size] = statistics.median(times[1:])
    if world.Get_rank() == 0:
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(word) for word in sys.argv[2:]])
