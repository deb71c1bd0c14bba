"""Operations on TensorFlow's tensors, eagerly and in graphs; gradients flow through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import torch

from jupyter_sdt.compat._tensorflow.bridge import TorchFunction, through_torch
from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.framework import not_converted

from ..torch import allgather as torch_allgather
from ..torch import broadcast_ as torch_broadcast_
from ..torch.process_sets import ProcessSet, global_process_set
from ..torch.reduction import Average, ReduceOp, Reduction, Sum, choose_op


@not_converted
def allreduce(  # noqa: PLR0913, PLR0917 - Horovod's signature
    tensor: Any,
    average: bool | None = None,
    device_dense: str = "",
    device_sparse: str = "",
    compression: Any = Compression.none,
    op: ReduceOp | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Return the reduction of ``tensor`` over all ranks; of ``tf.IndexedSlices`` all ranks' rows.

    Devices and names are accepted and have no effect. Raises ValueError for an unknown ``op``.
    """
    del device_dense, device_sparse, name
    reduction = Reduction(
        op=choose_op(op, average),
        prescale_factor=prescale_factor,
        postscale_factor=postscale_factor,
        process_set=process_set,
    )
    if isinstance(tensor, tf.IndexedSlices):
        return _allreduce_slices(tensor, reduction)
    given, context = compression.compress(tf.convert_to_tensor(tensor))
    return compression.decompress(_reduced(given, reduction), context)


def grouped_allreduce(tensors: Sequence[Any], *arguments: Any, **named: Any) -> list[Any]:
    """Return the reductions of ``tensors``; the other arguments are :func:`allreduce`'s."""
    return [allreduce(tensor, *arguments, **named) for tensor in tensors]


@not_converted
def allgather(
    tensor: Any,
    name: str | None = None,
    ignore_name_scope: bool = False,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Return the tensors of all ranks, joined along the first dimension, which alone may differ."""
    del name, ignore_name_scope

    def gather(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        rows = tensors[0].reshape(1) if tensors[0].dim() == 0 else tensors[0]
        counts = torch_allgather(torch.tensor([len(rows)]), process_set=process_set)
        return [torch_allgather(rows, process_set=process_set), counts]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def gathered(value: Any) -> Any:
        rows, counts = through_torch(
            gather, [value], [value.dtype, tf.int64], [[None, *value.shape[1:]], [None]]
        )

        def backward(upstream: Any) -> Any:
            total = _reduced(upstream, Reduction(op=Sum, process_set=process_set))
            start = tf.reduce_sum(counts[: process_set.rank()])
            mine = total[start : start + counts[process_set.rank()]]
            return tf.reshape(mine, tf.shape(value))

        return rows, backward

    return gathered(tf.convert_to_tensor(tensor))


def grouped_allgather(tensors: Sequence[Any], *arguments: Any, **named: Any) -> list[Any]:
    """Return what :func:`allgather` makes of each."""
    return [allgather(tensor, *arguments, **named) for tensor in tensors]


@not_converted
def broadcast(
    tensor: Any,
    root_rank: int,
    name: str | None = None,
    ignore_name_scope: bool = False,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Return rank ``root_rank``'s tensor; gradients flow back to that rank. Raises ValueError."""
    del name, ignore_name_scope
    if root_rank not in process_set.ranks:
        raise ValueError(f"root_rank={root_rank} is not one of the ranks {process_set.ranks}")

    def send(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        return [torch_broadcast_(tensors[0], root_rank, None, process_set)]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def sent(value: Any) -> Any:
        def backward(upstream: Any) -> Any:
            total = _reduced(upstream, Reduction(op=Sum, process_set=process_set))
            is_root = process_set.ranks[process_set.rank()] == root_rank
            return total if is_root else tf.zeros_like(total)

        return _alike(send, value), backward

    return sent(tf.convert_to_tensor(tensor))


def _reduced(tensor: Any, reduction: Reduction) -> Any:
    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def reduced(value: Any) -> Any:
        result = _alike(lambda tensors: [reduction.apply(tensors[0])], value)
        return result, lambda upstream: _reduced(upstream, reduction.adjoint())

    return reduced(tensor)


def _alike(function: TorchFunction, tensor: Any) -> Any:
    """A function whose result has the dtype and shape of its argument."""
    return through_torch(function, [tensor], [tensor.dtype], [tensor.shape])[0]


def _allreduce_slices(slices: Any, reduction: Reduction) -> Any:
    if reduction.op not in (Average, Sum):
        raise ValueError(f"op=hvd.{reduction.op.value}: tf.IndexedSlices can be added up only")
    values = allgather(slices.values, process_set=reduction.process_set)
    indices = allgather(slices.indices, process_set=reduction.process_set)
    factor = reduction.prescale_factor * reduction.postscale_factor
    if reduction.op is Average:
        factor /= reduction.process_set.size()
    return tf.IndexedSlices(values * tf.cast(factor, values.dtype), indices, slices.dense_shape)
