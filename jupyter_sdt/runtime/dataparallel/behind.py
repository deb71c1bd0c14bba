"""Collectives that smddp hands to the backend behind it: gloo, for tensors on GPUs NCCL.

Each is written out. What a Python class leaves to C++, torch calls without letting go of Python's
lock; where gloo's thread then waits for that lock, because it frees the tensors of the operation
before, while it holds the lock of gloo's queue, neither of them ever goes on.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
import torch.distributed as dist
from torch._C import _distributed_c10d as c10d


class BackendBehind(dist.ProcessGroup):
    """What gloo and NCCL do as they are."""

    @abstractmethod
    def _plain(self, tensor: torch.Tensor) -> Any:
        """The backend for ``tensor``."""

    def reduce(self, tensors: Any, *options: Any) -> Any:
        """Combine the tensor of all ranks on one of them."""
        return self._plain(tensors[0]).reduce(tensors, *options)

    def gather(self, output_tensors: Any, input_tensors: Any, *options: Any) -> Any:
        """Collect the tensors of all ranks on one of them."""
        return self._plain(input_tensors[0]).gather(output_tensors, input_tensors, *options)

    def scatter(self, output_tensors: Any, input_tensors: Any, *options: Any) -> Any:
        """Give every rank its own of one rank's tensors."""
        return self._plain(output_tensors[0]).scatter(output_tensors, input_tensors, *options)

    def alltoall(self, output_tensors: Any, input_tensors: Any, *options: Any) -> Any:
        """Send a tensor to every rank and get one of each."""
        return self._plain(output_tensors[0]).alltoall(output_tensors, input_tensors, *options)

    def all_to_all_single(self, output: Any, tensor: Any, *options: Any) -> Any:
        """Send a part of a tensor to every rank and get one of each."""
        return self._plain(output).alltoall_base(output, tensor, *options)

    # Older torch's name.
    alltoall_base = all_to_all_single  # type: ignore[assignment]

    def send(self, tensors: Any, *place: Any) -> Any:
        """Send a tensor to one rank."""
        return self._plain(tensors[0]).send(tensors, *place)

    def recv(self, tensors: Any, *place: Any) -> Any:
        """Receive the tensor that one rank sends."""
        return self._plain(tensors[0]).recv(tensors, *place)

    def recv_anysource(self, tensors: Any, *place: Any) -> Any:
        """Receive the tensor that some rank sends."""
        return self._plain(tensors[0]).recv_anysource(tensors, *place)

    def allgather_coalesced(self, output_lists: Any, tensors: Any, *options: Any) -> Any:
        """Collect several tensors of all ranks in lists."""
        return self._plain(tensors[0]).allgather_coalesced(output_lists, tensors, *options)

    def monitored_barrier(self, *options: Any, **named: Any) -> None:
        """Wait for all ranks on rank 0, which names those that do not come."""
        self._plain(torch.empty(0)).monitored_barrier(*options, **named)


def listed(tensors: Any) -> Any:
    """Return a list, also of a single tensor: torch's groups take both, and DDP relies on it."""
    return [tensors] if isinstance(tensors, torch.Tensor) else tensors


def reduce_options(given: Any) -> Any:
    """What an AllReduce is told: options as they are, an operation alone, or nothing."""
    if isinstance(given, c10d.AllreduceOptions):
        return given
    options: Any = c10d.AllreduceOptions()
    options.reduceOp = dist.ReduceOp.SUM if given is None else given
    return options


def broadcast_options(given: Any) -> Any:
    """What a broadcast is told: options as they are, a rank alone, or nothing."""
    if isinstance(given, c10d.BroadcastOptions):
        return given
    options: Any = c10d.BroadcastOptions()
    options.rootRank = given or 0
    return options
