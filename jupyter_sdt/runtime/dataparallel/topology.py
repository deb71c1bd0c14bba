"""Which ranks of a group can share memory, and the memory they share."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch._C import _distributed_c10d as c10d

from jupyter_sdt.runtime.dataparallel import futex
from jupyter_sdt.runtime.dataparallel.exchange import Exchange
from jupyter_sdt.runtime.dataparallel.meeting import Meeting
from jupyter_sdt.runtime.dataparallel.segment import FOLDER_VARIABLE, Segment, Shape, create
from jupyter_sdt.runtime.dataparallel.shared_tensors import SharedTensors

# Ranks with different values count as different nodes, wherever they run.
NODE_VARIABLE = "SDT_SHARED_MEMORY_NODE"
_SLOT = 1 << 20  # bytes; a chunk that stays in the cache between its writer and its reader
_SLOT_ACROSS = 4 << 20  # bigger where each chunk also travels between nodes
_TEXT = 256


@dataclass(frozen=True, slots=True)
class Topology:
    """Groups of ranks, one group for each node, all of one size."""

    nodes: list[list[int]]
    node: int
    local: int  # this rank's place within its node

    def place(self, rank: int) -> tuple[int, int]:
        """Node and place within it of any rank."""
        return next((n, node.index(rank)) for n, node in enumerate(self.nodes) if rank in node)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What a rank shares with its node, and with its peers on the other nodes."""

    topology: Topology
    segment: Segment
    exchange: Exchange
    tensors: SharedTensors
    across: Any  # gloo between the ranks with the same place on all nodes; None on one node


def share(gloo: Any, store: Any, timeout: timedelta) -> Sharing | None:
    """Let the ranks of each node share memory; None where gloo has to do everything.

    That is: processors other than x86-64, systems other than Linux, nodes with different numbers
    of ranks or with one each, and too little room in /dev/shm, which is said once.
    """
    topology = _topology(_everybodys(gloo, node_identity(gloo.rank())), gloo.rank())
    if topology is None:
        return None
    shape = Shape(len(topology.nodes[0]), _SLOT if len(topology.nodes) == 1 else _SLOT_ACROSS)
    segment = _segment(gloo, topology, shape)
    if segment is None:
        return None
    meeting = Meeting(segment, topology.nodes[topology.node], timeout.total_seconds())
    across = None
    if len(topology.nodes) > 1:
        own = c10d.PrefixStore(f"across-{topology.local}", store)
        across = dist.ProcessGroupGloo(own, topology.node, len(topology.nodes), timeout)
    exchange = Exchange(segment, meeting)
    tensors = SharedTensors(exchange, topology.local, shape.ranks)
    return Sharing(topology, segment, exchange, tensors, across)


def node_identity(rank: int) -> str:
    """The same for ranks that can map the same file; different for all where that is no use."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, "/dev/shm"))  # noqa: S108 - memory, not a disk
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        words = f"{boot} {folder} {folder.stat().st_dev} {os.getuid()}"
    except OSError:
        return f"alone {rank}"
    if not futex.works_here():
        return f"alone {rank}"
    return hashlib.sha256(f"{words} {os.environ.get(NODE_VARIABLE)}".encode()).hexdigest()


def _topology(identities: list[str], rank: int) -> Topology | None:
    found: dict[str, list[int]] = {}
    for other, identity in enumerate(identities):
        found.setdefault(identity, []).append(other)
    nodes = list(found.values())
    sizes = {len(node) for node in nodes}
    if len(sizes) > 1 or (sizes == {1} and len(nodes) > 1) or not futex.works_here():
        return None
    node = next(n for n, ranks in enumerate(nodes) if rank in ranks)
    return Topology(nodes, node, nodes[node].index(rank))


def _segment(gloo: Any, topology: Topology, shape: Shape) -> Segment | None:
    """The node's segment, mapped and already unlinked; None when any rank could not map it."""
    made = mapped = None
    problem = ""
    try:
        made = create(shape) if topology.local == 0 else None
    except OSError as error:
        problem = error.strerror or str(error)
    try:
        path = _everybodys(gloo, made or "")[topology.nodes[topology.node][0]]
        try:
            mapped = Segment(path, shape, topology.local) if path else None
        except OSError as error:
            problem = error.strerror or str(error)
        problems = _everybodys(gloo, problem or ("" if mapped else "not created"))
    finally:
        if made:
            Path(made).unlink(missing_ok=True)
    if any(problems):
        _say(gloo.rank(), shape, problems)
        return None
    return mapped


def _say(rank: int, shape: Shape, problems: list[str]) -> None:
    if rank == 0:
        reason = next(p for p in sorted(problems, key=lambda p: p == "not created") if p)
        folder = os.environ.get(FOLDER_VARIABLE, "/dev/shm")  # noqa: S108 - memory, not a disk
        sys.stderr.write(
            f"jupyter_sdt: smddp: no {shape.size / 2**20:.1f} MiB of shared memory in {folder} "
            f"({reason}): gloo communicates instead, more slowly; make {folder} larger\n"
        )


def _everybodys(gloo: Any, text: str) -> list[str]:
    """``text`` of every rank."""
    mine = torch.frombuffer(bytearray(text.encode()[:_TEXT].ljust(_TEXT, b"\0")), dtype=torch.uint8)
    all_texts = [torch.empty_like(mine) for _ in range(gloo.size())]
    gloo.allgather([all_texts], [mine]).wait()
    return [bytes(found.tolist()).rstrip(b"\0").decode() for found in all_texts]
