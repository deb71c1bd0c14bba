"""Tape, optimizer and variables of a training on all ranks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.compat._tensorflow.callbacks import BroadcastOnce
from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.gradients import GradientReduction
from jupyter_sdt.compat._tensorflow.local_variables import LocalVariables
from jupyter_sdt.compat._tensorflow.optimizer import distributed_optimizer
from jupyter_sdt.compat._tensorflow.tape import distributed_tape
from jupyter_sdt.compat._tensorflow.variables import (
    BroadcastHook,
    global_variables,
)
from jupyter_sdt.compat._tensorflow.variables import broadcast_variables as _broadcast
from jupyter_sdt.runtime.dataparallel import expect

from ..exceptions import SMDDPError
from .collectives import ReduceOp, broadcaster, reducer
from .ranks import size

_MULTIPLE = 128  # of bytes, as the library asks of buckets


def DistributedGradientTape(  # noqa: N802 - the library's name and signature
    gradtape: Any,
    device_dense: str = "",
    device_sparse: str = "",
    compression: Any = Compression.none,
    sparse_as_dense: bool = True,
    op: ReduceOp = ReduceOp.AVERAGE,
    bucket_cap_mb: float = 25,
) -> Any:
    """Return a ``tf.GradientTape`` that goes on where ``gradtape`` is, for all ranks' gradients.

    Raises SMDDPError for a device, another ``op`` than AVERAGE, and a ``bucket_cap_mb`` that is no
    multiple of 128 bytes.
    """
    _check_devices(device_dense, device_sparse)
    reduction = _reduction(compression, sparse_as_dense, op, bucket_cap_mb)
    return distributed_tape(gradtape, reduction, LocalVariables())


def DistributedOptimizer(  # noqa: N802, PLR0913, PLR0917 - the library's name and signature
    optimizer: Any,
    name: str | None = None,
    use_locking: bool = False,
    device_dense: str = "",
    device_sparse: str = "",
    compression: Any = Compression.none,
    sparse_as_dense: bool = True,
    op: ReduceOp = ReduceOp.AVERAGE,
    bucket_cap_mb: float = 25,
) -> Any:
    """Return an optimizer of the same class that steps with the gradients of all ranks.

    Optimizers of Keras and of tf.compat.v1.train will do. Raises as the tape does.
    """
    del name, use_locking
    _check_devices(device_dense, device_sparse)
    reduction = _reduction(compression, sparse_as_dense, op, bucket_cap_mb)
    return distributed_optimizer(optimizer, reduction)


def broadcast_variables(variables: Iterable[Any], root_rank: int) -> Any:
    """Overwrite variables with rank ``root_rank``'s; within a graph return the operation."""
    return _broadcast(variables, broadcaster(root_rank))


def broadcast_global_variables(root_rank: int) -> Any:
    """As :func:`broadcast_variables` for all variables of a graph of TensorFlow 1."""
    return broadcast_variables(global_variables(), root_rank)


def BroadcastGlobalVariablesHook(root_rank: int) -> Any:  # noqa: N802 - the library's name
    """Return a hook for sessions that broadcasts all variables when the session begins."""
    return BroadcastHook(broadcaster(root_rank))


def BroadcastGlobalVariablesCallback(root_rank: int = 0) -> Any:  # noqa: N802 - as the hook's
    """Return a callback for ``fit`` that broadcasts model and optimizer after the first batch."""
    return BroadcastOnce(broadcaster(root_rank))


def _reduction(
    compression: Any, sparse_as_dense: bool, op: ReduceOp, bucket_cap_mb: float
) -> GradientReduction:
    if op is not ReduceOp.AVERAGE:
        raise SMDDPError(f"op={op}: gradients are averaged, ReduceOp.AVERAGE")
    bucket_bytes = round(bucket_cap_mb * 2**20)
    if bucket_bytes <= 0 or bucket_bytes % _MULTIPLE:
        raise SMDDPError(
            f"bucket_cap_mb={bucket_cap_mb} is {bucket_bytes} bytes, which must be a positive "
            f"multiple of {_MULTIPLE}"
        )
    return GradientReduction(
        reduce=reducer(op),
        gather=_gather,
        expect=expect,
        divisor=size(),
        compression=compression,
        sparse_as_dense=sparse_as_dense,
        bucket_bytes=bucket_bytes,
    )


def _gather(tensor: torch.Tensor) -> torch.Tensor:
    """The rows of all ranks, however many each has."""
    rows = torch.tensor([len(tensor)])
    counts = [torch.empty_like(rows) for _ in range(size())]
    dist.all_gather(counts, rows)
    most = int(max(counts))
    padded = tensor.new_zeros((most, *tensor.shape[1:]))
    padded[: len(tensor)] = tensor
    parts = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(parts, padded)
    return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])


def _check_devices(device_dense: str, device_sparse: str) -> None:
    if device_dense or device_sparse:
        raise SMDDPError("device_dense and device_sparse are not supported, as documented")
