"""smdistributed.modelparallel.torch: joining the job, and the six ranks, sizes and groups.

Every function but ``init`` and ``is_initialized`` raises RuntimeStateError before ``init()``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_sdt.runtime.modelparallel import parameters, world
from jupyter_sdt.runtime.modelparallel.accelerate_replicas import show_replicas
from jupyter_sdt.runtime.modelparallel.hugging_face import accept_parameters
from jupyter_sdt.runtime.modelparallel.messages import CommGroup
from jupyter_sdt.runtime.modelparallel.messages import barrier as _barrier
from jupyter_sdt.runtime.modelparallel.script_state import state

__all__ = [
    "dp_barrier",
    "dp_rank",
    "dp_size",
    "get_dp_group",
    "get_dp_process_group",
    "get_mp_group",
    "get_mp_process_group",
    "get_pp_group",
    "get_pp_process_group",
    "get_rank",
    "get_rdp_group",
    "get_rdp_process_group",
    "get_tp_group",
    "get_tp_process_group",
    "get_world_group",
    "get_world_process_group",
    "init",
    "is_initialized",
    "is_tracing",
    "local_rank",
    "local_size",
    "mp_barrier",
    "mp_rank",
    "mp_size",
    "pp_barrier",
    "pp_rank",
    "pp_size",
    "rank",
    "rdp_barrier",
    "rdp_rank",
    "rdp_size",
    "size",
    "tp_barrier",
    "tp_rank",
    "tp_size",
]


def init(config: Mapping[str, Any] | None = None) -> None:
    """Join the job with ``config`` under the launcher's values. A second call changes nothing.

    Raises DistributionError for parameters that cannot be right.
    """
    asked = parameters.read(config)
    show_replicas()
    accept_parameters()
    if not world.is_started():
        world.start(asked)
    elif config and asked != world.current().parameters:
        warnings.warn(
            "smp.init() was called before with other parameters; those of the first call hold",
            stacklevel=2,
        )


def is_initialized() -> bool:
    """Whether ``init`` was called."""
    return world.is_started()


def is_tracing() -> bool:
    """Whether the step function runs only to find out what modules cost."""
    return state.model is not None and bool(state.model.is_tracing)


def rank() -> int:
    """The number of this process among all."""
    return world.current().rank


def size() -> int:
    """The number of processes."""
    return world.current().world_size


def local_rank() -> int:
    """The number of this process among those of its node."""
    return world.current().local_rank


def local_size() -> int:
    """The number of processes of this node."""
    return world.current().local_world_size


get_rank = rank


def _named(function: Callable[..., Any], name: str, describe: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = describe
    return function


def _rank(name: world.GroupName) -> Callable[[], int]:
    return _named(
        lambda: world.current().group(name).rank,
        f"{name}_rank",
        f"This process's place in its group {name!r}.",
    )


def _size(name: world.GroupName) -> Callable[[], int]:
    return _named(
        lambda: world.current().group(name).size,
        f"{name}_size",
        f"How many ranks the group {name!r} has.",
    )


def _ranks(name: world.GroupName) -> Callable[[], list[int]]:
    return _named(
        lambda: list(world.current().group(name).ranks),
        f"get_{name}_group",
        f"The global ranks of this process's group {name!r}, ascending.",
    )


def _process_group(name: world.GroupName) -> Callable[[], Any]:
    return _named(
        lambda: world.current().group(name).process_group,
        f"get_{name}_process_group",
        f"The group {name!r} for torch.distributed.",
    )


def _wait(name: world.GroupName) -> Callable[[], None]:
    return _named(
        lambda: _barrier(CommGroup(name)),
        f"{name}_barrier",
        f"Wait for all ranks of this process's group {name!r}.",
    )


mp_rank, dp_rank, pp_rank = _rank("mp"), _rank("dp"), _rank("pp")
tp_rank, rdp_rank = _rank("tp"), _rank("rdp")
mp_size, dp_size, pp_size = _size("mp"), _size("dp"), _size("pp")
tp_size, rdp_size = _size("tp"), _size("rdp")

get_world_group, get_mp_group = _ranks("world"), _ranks("mp")
get_dp_group, get_pp_group = _ranks("dp"), _ranks("pp")
get_tp_group, get_rdp_group = _ranks("tp"), _ranks("rdp")

get_world_process_group, get_mp_process_group = _process_group("world"), _process_group("mp")
get_dp_process_group, get_pp_process_group = _process_group("dp"), _process_group("pp")
get_tp_process_group, get_rdp_process_group = _process_group("tp"), _process_group("rdp")

mp_barrier, dp_barrier, pp_barrier = _wait("mp"), _wait("dp"), _wait("pp")
tp_barrier, rdp_barrier = _wait("tp"), _wait("rdp")
