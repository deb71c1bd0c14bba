"""Where this process stands in a model-parallel job: six ranks, six groups, one device."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any, Literal, get_args

import torch
import torch.distributed as dist

from jupyter_sdt.errors import DistributionError, RuntimeStateError
from jupyter_sdt.runtime.context import choose_backend, join_process_group
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.partition.files import check_partition_file
from jupyter_sdt.runtime.process_environment import ProcessEnvironment, process_environment
from jupyter_sdt.spec.layout import AXES, Axis, Layout
from jupyter_sdt.spec.model_parallel_parameters import model_parallel_layout

GroupName = Literal["world", "mp", "dp", "pp", "tp", "rdp"]
GROUP_NAMES: tuple[GroupName, ...] = get_args(GroupName)
# The axes along which the members of a group differ.
_AXES: Mapping[GroupName, tuple[Axis, ...]] = {
    "world": AXES,
    "mp": ("pipeline", "tensor"),
    "dp": ("data", "tensor"),  # tensor peers have data of their own
    "pp": ("pipeline",),
    "tp": ("tensor",),
    "rdp": ("data",),  # the same slice of the model: reduced data parallelism
}
_TIMEOUT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some ranks of the job that belong together, this one among them.

    ``ranks`` are global and ascending; ``rank`` is this process's place among them.
    """

    name: GroupName
    ranks: tuple[int, ...]
    rank: int
    process_group: Any

    @property
    def size(self) -> int:
        """How many ranks."""
        return len(self.ranks)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The job as this rank sees it; ``device`` is where its part of the model lies.

    ``mail`` is a process group of all ranks that messages.py alone uses, so that nothing a script
    or an engine sends by itself is taken for an object.
    """

    layout: Layout
    parameters: Parameters
    rank: int
    local_rank: int
    local_world_size: int
    node_rank: int
    device: torch.device
    groups: Mapping[GroupName, Group]
    mail: Any

    @property
    def world_size(self) -> int:
        """Number of ranks."""
        return self.layout.world_size

    @property
    def stage(self) -> int:
        """The pipeline stage this rank computes, counted from 0."""
        return self.groups["pp"].rank

    def group(self, name: GroupName) -> Group:
        """The group ``name`` that this rank belongs to."""
        return self.groups[name]


_world: World | None = None


def start(parameters: Parameters | None = None, *, timeout: timedelta = _TIMEOUT) -> World:
    """Join the job, make all groups, and return this rank's World. A second call returns the same.

    All ranks call it together, in a process started by torchrun, by the nursery, or by mpirun
    alone. torch.distributed is initialised unless the script has done so: with nccl where each rank
    of the node has a GPU, else with smddp. The variables of torchrun are left unset under mpirun,
    where other libraries would take them for a sign to start training of their own.

    Raises SpecError when the degrees do not divide the number of ranks, RuntimeStateError when the
    rendezvous is unknown.
    """
    global _world
    if _world is None:
        _world = _joined(parameters or Parameters(), timeout)
    return _world


def current() -> World:
    """The World of this process. Raises RuntimeStateError before :func:`start`."""
    if _world is None:
        raise RuntimeStateError(
            "smp.init() was not called: call it once, before any other function of smp"
        )
    return _world


def is_started() -> bool:
    """Whether :func:`start` was called."""
    return _world is not None


def _joined(parameters: Parameters, timeout: timedelta) -> World:
    place = process_environment()
    layout = model_parallel_layout(_degrees(parameters), place.world_size)
    if layout.data_parallel_size > 1 and not (parameters.ddp or parameters.horovod):
        _tell_of_replicas(parameters, layout.data_parallel_size, first=place.rank == 0)
    loads = parameters.load_partition and layout.pipeline_parallel_size > 1
    if loads and place.rank == 0:  # which will read it
        check_partition_file(parameters.partition_file, parameters.partitions)
    backend = _backend(place)
    if not dist.is_initialized():
        with _environment_kept(place):
            join_process_group(place, backend, timeout)
    return World(
        layout=layout,
        parameters=parameters,
        rank=dist.get_rank(),
        local_rank=place.local_rank,
        local_world_size=place.local_world_size,
        node_rank=place.node_rank,
        device=_device(place),
        groups=_groups(layout, dist.get_rank(), backend, timeout),
        mail=dist.new_group(timeout=timeout, backend="gloo"),
    )


def _tell_of_replicas(parameters: Parameters, replicas: int, *, first: bool) -> None:
    """Say what needs ``ddp``, unless the script exchanges gradients itself, or refuse it."""
    if parameters.shard_optimizer_state:
        raise DistributionError(
            f"shard_optimizer_state=True with {replicas} replicas needs 'ddp': True: each of them "
            "updates a part for all",
            argument="ddp",
        )
    if first:
        sys.stderr.write(
            f"jupyter_sdt: {replicas} replicas of the model train apart: without 'ddp': True "
            "nothing exchanges their gradients\n"
        )


def _degrees(parameters: Parameters) -> dict[str, Any]:
    names = ("pipeline_parallel_degree", "tensor_parallel_degree", "placement_strategy")
    return {name: getattr(parameters, name) for name in (*names, "sharded_data_parallel_degree")}


def _backend(place: ProcessEnvironment) -> str:
    """On CPUs ranks of a node reduce in shared memory."""
    if _computes_on_gpu(place):
        return "cpu:gloo,cuda:nccl"
    import_module("jupyter_sdt.runtime.dataparallel")  # which registers it
    return "smddp"


def _computes_on_gpu(place: ProcessEnvironment) -> bool:
    virtual = os.environ.get("SDT_VIRTUAL_CUDA") == "1"
    return not virtual and choose_backend(None, place) == "nccl"


def _device(place: ProcessEnvironment) -> torch.device:
    """Scripts set the device themselves; who forgets must not put every rank on the first GPU."""
    if not _computes_on_gpu(place):
        return torch.device("cpu")
    torch.cuda.set_device(place.local_rank)
    return torch.device("cuda", place.local_rank)


@contextmanager
def _environment_kept(place: ProcessEnvironment) -> Iterator[None]:
    before = set(os.environ)
    yield
    if place.launcher == "mpirun":
        for name in set(os.environ) - before:
            del os.environ[name]


def _groups(layout: Layout, rank: int, backend: str, timeout: timedelta) -> dict[GroupName, Group]:
    everyone = tuple(range(layout.world_size))
    made: dict[tuple[int, ...], Any] = {everyone: dist.group.WORLD}
    # Every rank makes every group, in one order: torch demands it. Equal groups are made once.
    for ranks in _without_repetition(layout):
        if ranks not in made:
            made[ranks] = dist.new_group(list(ranks), timeout=timeout, backend=backend)
    return {
        name: Group(name=name, ranks=ranks, rank=ranks.index(rank), process_group=made[ranks])
        for name, ranks in group_ranks(layout, rank).items()
    }


def group_ranks(layout: Layout, rank: int) -> dict[GroupName, tuple[int, ...]]:
    """The global ranks of each group that ``rank`` belongs to, ascending."""
    return {name: layout.group(rank, *_AXES[name]) for name in GROUP_NAMES}


def _without_repetition(layout: Layout) -> Iterable[tuple[int, ...]]:
    return dict.fromkeys(ranks for name in GROUP_NAMES for ranks in layout.groups(*_AXES[name]))
