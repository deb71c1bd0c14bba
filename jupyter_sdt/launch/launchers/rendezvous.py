"""How ranks find each other: a free port, and torchrun's variables for every rank."""

from __future__ import annotations

import os
import random
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_sdt.spec import variables as names
from jupyter_sdt.spec.job_spec import JobSpec

LOOPBACK = "127.0.0.1"
_LOWEST_PORT = 20000  # above what services are known by
_USUAL_OUTGOING = 32768
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """Where ranks meet. Port 0 stands for "chosen at start" in plans that only get printed.

    ``hosted`` says that the supervisor holds the store there; otherwise rank 0 opens it. ``ports``
    are further free ones, for what listens beside the ranks.
    """

    address: str = LOOPBACK
    port: int = 0
    hosted: bool = False
    ports: tuple[int, ...] = ()


def choose_rendezvous(more: int = 0) -> Rendezvous:
    """Pick a port that nobody listens on now, and ``more`` others. Raises OSError without any."""
    port, *ports = free_ports(1 + more)
    return Rendezvous(LOOPBACK, port, ports=tuple(ports))


def free_ports(number: int) -> list[int]:
    """So many different ports as :func:`free_port` finds. Raises OSError."""
    found: dict[int, None] = {}
    while len(found) < number:
        found[free_port()] = None
    return list(found)


def free_port() -> int:
    """A port that nobody listens on now, and that no outgoing connection will be given meanwhile.

    The system's own choice comes from the range of outgoing connections: between asking and
    listening, any connection that ranks of another job open may get it. Raises OSError.
    """
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST_PORT, _outgoing_ports())  # noqa: S311 - no secret
        with suppress(OSError):
            return _bound(port)
    return _bound(0)


def _bound(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])


def _outgoing_ports() -> int:
    """Where the range of outgoing connections begins."""
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _USUAL_OUTGOING
    return lowest if lowest > _LOWEST_PORT else _USUAL_OUTGOING


def master_environment(meeting: Rendezvous) -> dict[str, str]:
    """MASTER_ADDR and MASTER_PORT, also under the names of SageMaker's SDK v3."""
    address, port = meeting.address, str(meeting.port)
    return {
        names.MASTER_ADDR: address,
        names.MASTER_PORT: port,
        "SM_MASTER_ADDR": address,
        "SM_MASTER_PORT": port,
    }


def torchrun_environment(
    spec: JobSpec, node_rank: int, local_rank: int, meeting: Rendezvous
) -> dict[str, str]:
    """Everything torchrun would set for one worker.

    https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables
    """
    local_world_size = spec.processes_per_node
    rank = node_rank * local_world_size + local_rank
    return master_environment(meeting) | {
        names.RANK: str(rank),
        names.LOCAL_RANK: str(local_rank),
        names.WORLD_SIZE: str(spec.world_size),
        names.LOCAL_WORLD_SIZE: str(local_world_size),
        names.GROUP_RANK: str(node_rank),
        names.GROUP_WORLD_SIZE: str(spec.instance_count),
        names.ROLE_RANK: str(rank),
        names.ROLE_WORLD_SIZE: str(spec.world_size),
        names.ROLE_NAME: "default",
        names.TORCHELASTIC_RESTART_COUNT: "0",
        names.TORCHELASTIC_MAX_RESTARTS: str(spec.max_restarts),
        names.TORCHELASTIC_RUN_ID: spec.job_name,
        names.TORCHELASTIC_USE_AGENT_STORE: str(meeting.hosted),
        **thread_environment(spec),
    }


def open_mpi_environment(
    spec: JobSpec, node_rank: int, local_rank: int, meeting: Rendezvous
) -> dict[str, str]:
    """What a process of Open MPI's mpirun sees, for ranks that it did not start.

    https://docs.open-mpi.org/en/v5.0.x/launching-apps/quickstart.html. torchrun's variables are
    left out on purpose: libraries take them for a sign to start training of their own.
    """
    return master_environment(meeting) | {
        **open_mpi_ranks(spec, node_rank, local_rank),
        names.TORCHELASTIC_USE_AGENT_STORE: str(meeting.hosted),
        names.TORCHELASTIC_RESTART_COUNT: "0",
        **thread_environment(spec),
    }


def open_mpi_ranks(spec: JobSpec, node_rank: int, local_rank: int) -> dict[str, str]:
    """Which process this is, in Open MPI's variables."""
    local_size = spec.processes_per_node
    return {
        names.OMPI_RANK: str(node_rank * local_size + local_rank),
        names.OMPI_SIZE: str(spec.world_size),
        names.OMPI_LOCAL_RANK: str(local_rank),
        names.OMPI_LOCAL_SIZE: str(local_size),
        names.OMPI_NODE_RANK: str(local_rank),
    }


def thread_environment(spec: JobSpec) -> dict[str, str]:
    """OMP_NUM_THREADS=1 for several ranks on a node unless anyone chose, as torchrun does."""
    chosen = "OMP_NUM_THREADS" in spec.environment or "OMP_NUM_THREADS" in os.environ
    return {} if chosen or spec.processes_per_node == 1 else {"OMP_NUM_THREADS": "1"}
