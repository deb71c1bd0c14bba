"""Who am I: this process's place in the job, from the variables its launcher set. No torch."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.spec import variables as names


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnvironment:
    """One process among ``world_size``; ``node`` is the name (algo-1) of its node.

    ``rank`` counts over the job, ``local_rank`` over the node. ``launcher`` tells whose variables
    were read: ``torchrun`` (also the nursery), ``mpirun`` or ``python`` (one process per node).
    """

    rank: int
    local_rank: int
    world_size: int
    local_world_size: int
    node_rank: int
    node: str
    launcher: str

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world_size:
            raise RuntimeStateError(
                f"rank {self.rank} does not fit world_size {self.world_size}: "
                f"the variables {names.RANK} and {names.WORLD_SIZE} contradict each other"
            )


def process_environment(environ: Mapping[str, str] | None = None) -> ProcessEnvironment:
    """Read the place of this process from ``environ`` (default: the process's own).

    torchrun's variables come first, then Open MPI's, then those of a plain process. Raises
    RuntimeStateError when they contradict each other or are not numbers.
    """
    given = os.environ if environ is None else environ
    if names.RANK in given:
        return _from_torchrun(given)
    if names.OMPI_RANK in given:
        return _from_open_mpi(given)
    return _from_plain(given)


def _from_torchrun(given: Mapping[str, str]) -> ProcessEnvironment:
    rank = _number(given, names.RANK)
    world_size = _number(given, names.WORLD_SIZE, 1)
    local_world_size = _number(given, names.LOCAL_WORLD_SIZE, world_size)
    return ProcessEnvironment(
        rank=rank,
        local_rank=_number(given, names.LOCAL_RANK, rank % max(local_world_size, 1)),
        world_size=world_size,
        local_world_size=local_world_size,
        node_rank=_node_rank(given, _number(given, names.GROUP_RANK, 0)),
        node=_node(given),
        launcher="torchrun",
    )


def _from_open_mpi(given: Mapping[str, str]) -> ProcessEnvironment:
    rank, world_size = _number(given, names.OMPI_RANK), _number(given, names.OMPI_SIZE, 1)
    local_rank = _number(given, names.OMPI_LOCAL_RANK, 0)
    local_world_size = _number(given, names.OMPI_LOCAL_SIZE, 1)
    node_rank = _node_rank(given, rank // local_world_size)
    if names.NODE_RANK in given and (nodes := len(_hosts(given))) > 1:
        # Nodes on one machine are one to mpirun; ours have equally many ranks, in order.
        local_world_size = max(world_size // nodes, 1)
        local_rank = rank - node_rank * local_world_size
    return ProcessEnvironment(
        rank=rank,
        local_rank=local_rank,
        world_size=world_size,
        local_world_size=local_world_size,
        node_rank=node_rank,
        node=_node(given),
        launcher="mpirun",
    )


def _from_plain(given: Mapping[str, str]) -> ProcessEnvironment:
    """One process per node, as SageMaker starts a script without ``distribution``."""
    node_rank = _node_rank(given, 0)
    rank = _number(given, names.FALLBACK_RANK, node_rank)
    return ProcessEnvironment(
        rank=rank,
        local_rank=0,
        world_size=max(len(_hosts(given)), rank + 1),
        local_world_size=1,
        node_rank=node_rank,
        node=_node(given),
        launcher="python",
    )


def _node_rank(given: Mapping[str, str], otherwise: int) -> int:
    if names.NODE_RANK in given:
        return _number(given, names.NODE_RANK)
    hosts, current = _hosts(given), given.get("SM_CURRENT_HOST", "")
    return hosts.index(current) if current in hosts else otherwise


def _node(given: Mapping[str, str]) -> str:
    return given.get(names.NODE) or given.get("SM_CURRENT_HOST") or "algo-1"


def _hosts(given: Mapping[str, str]) -> list[str]:
    try:
        hosts = json.loads(given.get("SM_HOSTS", "[]"))
    except ValueError:
        return []
    return hosts if isinstance(hosts, list) else []


def _number(given: Mapping[str, str], name: str, otherwise: int | None = None) -> int:
    text = given.get(name)
    if text is None and otherwise is not None:
        return otherwise
    try:
        return int(text or "")
    except ValueError:
        raise RuntimeStateError(f"{name}={text!r} must be a whole number") from None
