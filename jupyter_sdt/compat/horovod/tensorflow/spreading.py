"""alltoall and reducescatter of TensorFlow's tensors: every rank gets a part of what all have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import torch

from jupyter_sdt.compat._tensorflow.bridge import through_torch
from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.framework import not_converted

from ..torch import alltoall as torch_alltoall
from ..torch import reducescatter as torch_reducescatter
from ..torch.process_sets import ProcessSet, global_process_set
from ..torch.reduction import Average, ReduceOp, choose_op
from .operations import allgather


@not_converted
def alltoall(
    tensor: Any,
    splits: Any = None,
    name: str | None = None,
    ignore_name_scope: bool = False,
    process_set: ProcessSet = global_process_set,
) -> Any:
    """Send ``splits[i]`` rows of ``tensor`` to the i-th rank; return the rows received.

    With ``splits`` a pair is returned: the rows, and how many came from each rank.
    """
    del name, ignore_name_scope
    given = tf.convert_to_tensor(tensor)
    if splits is None:
        size = process_set.size()
        even = tf.fill([size], tf.shape(given)[0] // size)
        rows, _ = _exchanged(given, even, process_set)
        return rows
    return _exchanged(given, tf.cast(tf.convert_to_tensor(splits), tf.int32), process_set)


@not_converted
def reducescatter(
    tensor: Any,
    device_dense: str = "",
    compression: Any = Compression.none,
    op: ReduceOp | None = None,
    name: str | None = None,
    process_set: ProcessSet = global_process_set,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
) -> Any:
    """Return this rank's rows of the reduction; where they do not divide, the first have more."""
    del device_dense, name
    chosen, factor = choose_op(op), prescale_factor * postscale_factor
    given, context = compression.compress(tf.convert_to_tensor(tensor))

    def scatter(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        scaled = (prescale_factor, postscale_factor)
        return [
            torch_reducescatter(
                tensors[0],
                None,
                op=chosen,
                process_set=process_set,
                prescale_factor=scaled[0],
                postscale_factor=scaled[1],
            )
        ]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def scattered(value: Any) -> Any:
        def backward(upstream: Any) -> Any:
            share = factor / process_set.size() if chosen is Average else factor
            return allgather(upstream, process_set=process_set) * tf.cast(share, upstream.dtype)

        shape = [None, *value.shape[1:]]
        return through_torch(scatter, [value], [value.dtype], [shape])[0], backward

    return compression.decompress(scattered(given), context)


def grouped_reducescatter(tensors: Sequence[Any], *arguments: Any, **named: Any) -> list[Any]:
    """Return what :func:`reducescatter` makes of each."""
    return [reducescatter(tensor, *arguments, **named) for tensor in tensors]


def _exchanged(tensor: Any, splits: Any, process_set: ProcessSet) -> Any:
    """The rows received, and how many from each rank."""

    def exchange(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        rows, received = torch_alltoall(tensors[0], splits=tensors[1], process_set=process_set)
        return [rows, received]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def exchanged(value: Any, counts: Any) -> Any:
        rows, received = through_torch(
            exchange, [value, counts], [value.dtype, tf.int32], [[None, *value.shape[1:]], [None]]
        )

        def backward(upstream: Any, _: Any = None) -> Any:
            back, _ = _exchanged(upstream, received, process_set)
            missing = tf.shape(value)[0] - tf.shape(back)[0]
            return tf.pad(back, [[0, missing], *[[0, 0]] * (len(value.shape) - 1)]), None

        return (rows, received), backward

    return exchanged(tensor, splits)
