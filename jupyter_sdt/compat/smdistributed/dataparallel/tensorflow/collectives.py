"""Collectives of all ranks, eagerly and inside ``tf.function``."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import tensorflow as tf
import torch
import torch.distributed as dist

from jupyter_sdt.compat._tensorflow.bridge import through_torch
from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.framework import not_converted

from ..exceptions import SMDDPError
from .ranks import place, size


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


@not_converted
def allreduce(
    tensor: Any,
    param_index: int,
    num_params: int,
    compression: Any = Compression.none,
    op: ReduceOp = ReduceOp.AVERAGE,
) -> Any:
    """Return the reduction of a gradient, the ``param_index``-th of ``num_params``.

    The two numbers are accepted and not needed: gradients are told apart by their order. Sparse
    gradients are reduced as dense ones. Raises SMDDPError for an unknown ``op``.
    """
    del param_index, num_params
    return _reduced(tensor, compression, op)


@not_converted
def oob_allreduce(
    tensor: Any, compression: Any = Compression.none, op: ReduceOp = ReduceOp.AVERAGE
) -> Any:
    """Return the average of what is no gradient, as a metric ("out of band").

    Raises SMDDPError for any other ``op``, as documented.
    """
    if op is not ReduceOp.AVERAGE:
        raise SMDDPError(f"oob_allreduce(op={op}): ReduceOp.AVERAGE is the only one it knows")
    return _reduced(tensor, compression, op)


@not_converted
def broadcast(tensor: Any, root_rank: int) -> Any:
    """Return rank ``root_rank``'s tensor."""
    given = tf.convert_to_tensor(tensor)

    def replace(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        broadcaster(root_rank)(tensors[0])
        return tensors

    return through_torch(replace, [given], [given.dtype], [given.shape])[0]


def overlap(tensor: Any) -> Any:
    """Return ``tensor``: where XLA compiles, the library begins here to communicate early."""
    return tensor


def reducer(op: ReduceOp) -> Callable[[torch.Tensor], None]:
    """A function that reduces in place. Raises SMDDPError for an unknown ``op``."""
    if op not in _TORCH_OPS:
        raise SMDDPError(f"op={op!r} is not one of {', '.join(map(str, ReduceOp))}")
    place()

    def reduce(tensor: torch.Tensor) -> None:
        dist.all_reduce(tensor, op=_TORCH_OPS[op])
        if op is ReduceOp.AVERAGE:
            exact = tensor.is_floating_point() or tensor.is_complex()
            tensor.div_(size(), rounding_mode=None if exact else "floor")

    return reduce


def broadcaster(root_rank: int) -> Callable[[torch.Tensor], None]:
    """A function that overwrites a tensor with rank ``root_rank``'s. Raises SMDDPError."""
    if not 0 <= root_rank < size():
        raise SMDDPError(f"root_rank={root_rank} is not one of the ranks 0 to {size() - 1}")

    def replace(tensor: torch.Tensor) -> None:
        dist.broadcast(tensor, src=root_rank)

    return replace


def _reduced(tensor: Any, compression: Any, op: ReduceOp) -> Any:
    given, context = compression.compress(tf.convert_to_tensor(tensor))
    reduce = reducer(op)

    def run(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        reduce(tensors[0])
        return tensors

    result = through_torch(run, [given], [given.dtype], [given.shape])[0]
    return compression.decompress(result, context)
