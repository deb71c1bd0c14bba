"""Two nodes of two ranks, in network namespaces joined by a cable of 1 Gbit/s (``tc tbf``)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

_RATE = "1gbit"
_ADDRESS = "10.78.0.1"
_SECONDS = 180


def measure_network(sizes: list[int], rounds: int) -> list[dict[str, float]]:
    """Seconds of an AllReduce by way, for each size in bytes; empty where this is not allowed."""
    names = [f"sdtdp{os.getpid()}n{node}" for node in (1, 2)]
    with ExitStack() as stack:
        try:
            for name in names:
                _run("ip", "netns", "add", name)
                stack.callback(_run, "ip", "netns", "delete", name)
            _join(*names)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.stdout.write(f"\nno two nodes: network namespaces cannot be made here ({error})\n")
            return []
        return _measure(names, [str(rounds), *map(str, sizes)])


def _join(first: str, second: str) -> None:
    peer = ["type", "veth", "peer", "name", "veth0", "netns", second]
    _run("ip", "-n", first, "link", "add", "veth0", *peer)
    for number, name in enumerate((first, second), 1):
        _run("ip", "-n", name, "addr", "add", f"10.78.0.{number}/24", "dev", "veth0")
        for device in ("veth0", "lo"):
            _run("ip", "-n", name, "link", "set", device, "up")
        limit = ["tbf", "rate", _RATE, "burst", "256kb", "latency", "50ms"]
        _run("tc", "-n", name, "qdisc", "add", "dev", "veth0", "root", *limit)


def _measure(names: list[str], arguments: list[str]) -> list[dict[str, float]]:
    script = str(Path(__file__).with_name("network_rank.py"))
    running = [
        subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, script, *arguments],
            env=os.environ | _variables(rank, node),
            stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
            text=True,
        )
        for rank, (node, name) in enumerate((n, name) for n, name in enumerate(names) for _ in "ab")
    ]
    try:
        answer = running[0].communicate(timeout=_SECONDS)[0]
        for process in running[1:]:
            process.wait(_SECONDS)
    finally:
        for process in running:
            process.kill()
    rows: list[dict[str, float]] = json.loads(answer.splitlines()[-1])
    return rows


def _variables(rank: int, node: int) -> dict[str, str]:
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank % 2),
        "WORLD_SIZE": "4",
        "MASTER_ADDR": _ADDRESS,
        "MASTER_PORT": "29533",
        "GLOO_SOCKET_IFNAME": "veth0",
        "OMP_NUM_THREADS": "1",
        # Both nodes see the same /dev/shm here.
        "SDT_SHARED_MEMORY_NODE": str(node),
    }


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
