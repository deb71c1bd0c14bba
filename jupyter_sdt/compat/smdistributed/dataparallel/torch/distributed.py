"""smdistributed.dataparallel.torch.distributed: the module API of the versions 1.0 to 1.3.

https://sagemaker.readthedocs.io/en/v2.197.0/api/training/sdp_versions/v1.0.0/smd_data_parallel_pytorch.html
Deprecated there since 1.4, which has the backend ``smddp`` instead, and still importable.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from enum import Enum
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.compat import join_job
from jupyter_sdt.runtime.process_environment import process_environment

from ..exceptions import SMDDPError

__all__ = [
    "ReduceOp",
    "all_gather",
    "all_reduce",
    "all_to_all_single",
    "barrier",
    "broadcast",
    "get_local_rank",
    "get_rank",
    "get_world_size",
    "group",
    "init_process_group",
    "is_available",
    "is_initialized",
]

warnings.warn(
    "smdistributed.dataparallel.torch.distributed is deprecated since version 1.4: import "
    "smdistributed.dataparallel.torch.torch_smddp and use torch.distributed with the backend "
    "'smddp'",
    DeprecationWarning,
    stacklevel=2,
)


class ReduceOp(Enum):
    """How the tensors of all ranks become one."""

    AVERAGE = "average"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


_TORCH_OPS = {
    ReduceOp.AVERAGE: dist.ReduceOp.SUM,
    ReduceOp.SUM: dist.ReduceOp.SUM,
    ReduceOp.MIN: dist.ReduceOp.MIN,
    ReduceOp.MAX: dist.ReduceOp.MAX,
}


class group:  # noqa: N801 - the library's spelling
    """The groups there are: all ranks of the job."""

    WORLD = "WORLD"


class _AverageWork:
    """A sum under way that becomes an average when it is waited for."""

    def __init__(self, work: Any, tensor: torch.Tensor) -> None:
        self._work, self._tensor, self._divided = work, tensor, False

    def is_completed(self) -> bool:
        """Whether waiting would return at once."""
        return bool(self._work.is_completed())

    def wait(self) -> bool:
        """Wait for the sum and divide it, once."""
        self._work.wait()
        if not self._divided:
            _divide(self._tensor)
            self._divided = True
        return True


def is_available() -> bool:
    """Whether this process was started as part of a distributed job."""
    return "RANK" in os.environ or "OMPI_COMM_WORLD_RANK" in os.environ


def init_process_group(*_arguments: Any, **_named: Any) -> None:
    """Join the job. Arguments are accepted and without effect, as documented."""
    join_job()


def is_initialized() -> bool:
    """Whether init_process_group() was called."""
    return dist.is_initialized()


def get_world_size(group: Any = group.WORLD) -> int:
    """The number of ranks of the job."""
    _check(group)
    return dist.get_world_size()


def get_rank(group: Any = group.WORLD) -> int:
    """The number of this process among all of the job."""
    _check(group)
    return dist.get_rank()


def get_local_rank() -> int:
    """The number of this process among those of its node."""
    _check(group.WORLD)
    return process_environment().local_rank


def all_reduce(
    tensor: torch.Tensor,
    op: ReduceOp | None = ReduceOp.SUM,
    group: Any = group.WORLD,
    async_op: bool = False,
) -> Any:
    """Reduce ``tensor`` over all ranks, in place. Returns a handle if ``async_op``, else None."""
    _check(group)
    chosen = ReduceOp.SUM if op is None else op
    if chosen not in _TORCH_OPS:
        known = ", ".join(str(known) for known in ReduceOp)
        raise SMDDPError(f"op={op!r} is not one of {known}")
    work = dist.all_reduce(tensor, op=_TORCH_OPS[chosen], async_op=async_op)
    if chosen is not ReduceOp.AVERAGE:
        return work
    if async_op:
        return _AverageWork(work, tensor)
    _divide(tensor)
    return None


def broadcast(
    tensor: torch.Tensor, src: int = 0, group: Any = group.WORLD, async_op: bool = False
) -> Any:
    """Overwrite ``tensor`` with that of rank ``src``."""
    _check(group)
    return dist.broadcast(tensor, src=src, async_op=async_op)


def all_gather(
    tensor_list: list[torch.Tensor],
    tensor: torch.Tensor,
    group: Any = group.WORLD,
    async_op: bool = False,
) -> Any:
    """Fill ``tensor_list`` with the tensors of all ranks, which have one shape."""
    _check(group)
    return dist.all_gather(tensor_list, tensor, async_op=async_op)


def all_to_all_single(
    output_t: torch.Tensor,
    input_t: torch.Tensor,
    output_split_sizes: Sequence[int] | None = None,
    input_split_sizes: Sequence[int] | None = None,
    group: Any = group.WORLD,
    async_op: bool = False,
) -> Any:
    """Send a part of ``input_t`` to each rank and collect theirs in ``output_t``."""
    _check(group)
    sizes = [None if s is None else list(s) for s in (output_split_sizes, input_split_sizes)]
    return dist.all_to_all_single(output_t, input_t, sizes[0], sizes[1], async_op=async_op)


def barrier(group: Any = group.WORLD, async_op: bool = False) -> Any:
    """Wait for all ranks."""
    _check(group)
    return dist.barrier(async_op=async_op)


def _check(given: Any) -> None:
    if given not in (group.WORLD, None):
        raise SMDDPError(f"group={given!r}: group.WORLD is the only group of this library")
    if not dist.is_initialized():
        raise SMDDPError("call init_process_group() of this module first")


def _divide(tensor: torch.Tensor) -> None:
    if tensor.is_floating_point() or tensor.is_complex():
        tensor.div_(dist.get_world_size())
    else:
        tensor.div_(dist.get_world_size(), rounding_mode="floor")
