"""Joining the job: which rank this is, on which device, in which process group."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Literal, cast

import torch
import torch.distributed as dist

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel import parameters
from jupyter_sdt.runtime.process_environment import ProcessEnvironment, process_environment
from jupyter_sdt.runtime.virtual_cuda import virtual_cuda_answers
from jupyter_sdt.spec import variables as names
from jupyter_sdt.spec.layout import Layout

ProcessBackend = Literal["nccl", "gloo", "smddp"]
# torch's switch for a barrier at the end of init_process_group.
_INIT_BARRIER = "TORCH_DIST_INIT_BARRIER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One rank among ``world_size`` and the device it computes on.

    ``layout`` says which coordinate of a parallel grid the rank has, where there is one: where the
    job's ``distribution`` names degrees (``pipeline=2,tensor=2``). With ``prescaled_batch`` tensor
    peers have the same data.
    """

    rank: int
    local_rank: int
    world_size: int
    local_world_size: int
    node_rank: int
    device: torch.device
    process_backend: ProcessBackend
    layout: Layout | None = None
    prescaled_batch: bool = False

    @property
    def data_shares(self) -> int:
        """Into how many shares the data is divided: stages of one pipeline have the same."""
        if self.layout is None:
            return self.world_size
        return self.layout.data_parallel_size * self._peers

    @property
    def data_share(self) -> int:
        """Which of the shares is this rank's, counted from 0."""
        if self.layout is None:
            return self.rank
        place = self.layout.coordinate(self.rank)
        return place.data_rank * self._peers + place.tensor_rank % self._peers

    @property
    def _peers(self) -> int:
        """How many tensor peers have data of their own."""
        if self.layout is None or self.prescaled_batch:
            return 1
        return self.layout.tensor_parallel_size


_current: Context | None = None


def init(
    process_backend: ProcessBackend | None = None, *, timeout_seconds: float = 1800
) -> Context:
    """Join the process group of the job and return this rank's Context.

    ``process_backend`` is by default nccl where every rank of the node has a GPU of its own, else
    gloo on the CPU; smddp is on the CPU, too, and lets ranks of one node share memory. Works in a
    single process, too, under torchrun's variables and under Open MPI's, which are translated into
    ``RANK``, ``WORLD_SIZE`` and so on. A group that the script has initialised itself is taken
    over.

    Raises RuntimeStateError when called twice and when the rendezvous is unknown; SpecError for a
    ``process_backend`` that cannot work here.
    """
    global _current
    if _current is not None:
        raise RuntimeStateError("init() was called twice; keep the Context that the first returned")
    place = process_environment()
    backend = choose_backend(process_backend, place)
    device = _device(backend, place)
    if not dist.is_initialized():
        # gloo beside nccl, so that tensors and objects on the CPU can be exchanged as well.
        kinds = "cpu:gloo,cuda:nccl" if backend == "nccl" else backend
        if backend == "smddp":
            # The import registers it with torch.
            import_module("jupyter_sdt.runtime.dataparallel")
        join_process_group(place, kinds, timedelta(seconds=timeout_seconds))
    if dist.get_backend() == "smddp":
        backend = "smddp"  # in gloo's place, where the job's strategy is data parallelism
    _current = _context(place, backend, device)
    return _current


def current_context() -> Context:
    """The Context of this process. Raises RuntimeStateError before :func:`init`."""
    if _current is None:
        raise RuntimeStateError("call jupyter_sdt.runtime.init() first: there is no Context yet")
    return _current


def shutdown() -> None:
    """Wait for all ranks, then leave the process group. Without :func:`init` nothing happens.

    Every rank must call it: a rank that leaves while another still communicates takes the other
    down.
    """
    global _current
    if _current is None:
        return
    _current = None
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def _context(place: ProcessEnvironment, backend: ProcessBackend, device: torch.device) -> Context:
    return Context(
        rank=dist.get_rank(),
        local_rank=place.local_rank,
        world_size=dist.get_world_size(),
        local_world_size=place.local_world_size,
        node_rank=place.node_rank,
        device=device,
        process_backend=backend,
        layout=parameters.read_layout(dist.get_world_size()),
        prescaled_batch=parameters.read_prescaled(),
    )


def choose_backend(asked: str | None, place: ProcessEnvironment) -> ProcessBackend:
    """Return ``asked``, or without it nccl where each rank of the node has a GPU, else gloo.

    Raises SpecError for what cannot work here.
    """
    if asked not in {None, "nccl", "gloo", "smddp"}:
        raise SpecError(
            f"process_backend={asked!r} must be 'nccl', 'gloo' or 'smddp'",
            argument="process_backend",
        )
    if asked in {"gloo", "smddp"}:
        return cast("ProcessBackend", asked)
    if virtual_cuda_answers():
        return "gloo"
    # Virtual devices are for scripts that demand a GPU: there is none to compute on.
    virtual = asked is None and os.environ.get(names.VIRTUAL_CUDA) == "1"
    gpus = 0 if virtual else torch.cuda.device_count()
    enough = gpus >= place.local_world_size
    if asked == "nccl" and not enough:
        raise SpecError(
            f"process_backend='nccl' needs a GPU for each of the {place.local_world_size} ranks of "
            f"this node, which has {gpus}; use process_backend='gloo' or fewer ranks",
            argument="process_backend",
        )
    if gpus and not enough and place.local_rank == 0:
        sys.stderr.write(
            f"jupyter_sdt: {place.local_world_size} ranks share {gpus} GPUs: they compute on the "
            "CPU with gloo; use as many processes as GPUs to train on them\n"
        )
    return "nccl" if enough and gpus else "gloo"


def _device(backend: ProcessBackend, place: ProcessEnvironment) -> torch.device:
    if backend != "nccl":
        return torch.device("cpu")
    device = torch.device("cuda", place.local_rank)
    torch.cuda.set_device(device)
    return device


def join_process_group(place: ProcessEnvironment, kinds: str, timeout: timedelta) -> None:
    """Initialise torch's process group of the whole job with the backends ``kinds``.

    Raises RuntimeStateError when nothing says where the ranks meet.
    """
    if place.world_size == 1:
        # A group of one needs no port, and must not block one that another job may want.
        store = dist.HashStore()  # type: ignore[attr-defined]  # public, but not in __all__
        dist.init_process_group(kinds, store=store, rank=0, world_size=1)
        return
    _export(place)
    with _until_all_have_joined():
        dist.init_process_group(
            kinds, rank=place.rank, world_size=place.world_size, timeout=timeout
        )


@contextmanager
def _until_all_have_joined() -> Iterator[None]:
    """Let nobody leave ``init_process_group`` before everybody is connected.

    With gloo a rank is done once its own connections are made. A short script may then end and
    close them before a slower rank has looked at them, which fails: "Connection closed by peer".
    """
    before = os.environ.get(_INIT_BARRIER)
    os.environ[_INIT_BARRIER] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_INIT_BARRIER]
        else:
            os.environ[_INIT_BARRIER] = before


def _export(place: ProcessEnvironment) -> None:
    """Set what torch and the script's other libraries read, where the launcher did not."""
    found = {
        names.RANK: place.rank,
        names.LOCAL_RANK: place.local_rank,
        names.WORLD_SIZE: place.world_size,
        names.LOCAL_WORLD_SIZE: place.local_world_size,
        names.GROUP_RANK: place.node_rank,
    }
    if place.launcher == "mpirun":
        found[names.MASTER_PORT] = _open_mpi_port()
        if place.world_size == place.local_world_size:
            os.environ.setdefault(names.MASTER_ADDR, "127.0.0.1")
    for name, value in found.items():
        os.environ.setdefault(name, str(value))
    missing = [n for n in (names.MASTER_ADDR, names.MASTER_PORT) if n not in os.environ]
    if missing:
        raise RuntimeStateError(
            f"{place.world_size} ranks cannot meet: {' and '.join(missing)} not set. The launcher "
            "sets them; by hand, give every rank the address of rank 0 and a free port there"
        )


def _open_mpi_port() -> int:
    """A port that all ranks of one mpirun agree on and that two mpiruns rarely share."""
    job = os.environ.get("PMIX_NAMESPACE", "")
    return 20000 + zlib.crc32(job.encode()) % 12000
