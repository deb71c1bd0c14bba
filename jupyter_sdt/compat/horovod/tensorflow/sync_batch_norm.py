"""Batch normalisation of Keras over the batches of all ranks together."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..torch.basics import size
from ..torch.reduction import Sum
from .operations import allreduce

BatchNormalization: Any = tf.keras.layers.BatchNormalization


@tf.keras.utils.register_keras_serializable(package="horovod")
class SyncBatchNormalization(BatchNormalization):  # type: ignore[misc]  # untyped
    """Keras' BatchNormalization with the mean and the variance of all ranks' batches.

    Ranks may have batches of different size. Arguments are Keras'. Raises ValueError for
    ``fused=True`` and ``renorm=True``, as Horovod does.
    """

    def __init__(self, fused: bool | None = False, **named: Any) -> None:
        if fused or named.get("renorm"):
            refused = "fused" if fused else "renorm"
            raise ValueError(f"SyncBatchNormalization does not support {refused}=True")
        super().__init__(**named)

    def _moments(
        self, inputs: Any, *where: Any, keep_dims: bool = False, mask: Any = None
    ) -> tuple[Any, Any]:
        """Keras 3 gives a mask, Keras 2 the axes."""
        given = where[0] if where else None
        if isinstance(given, list | tuple):
            axes = list(given)
        else:
            axes, mask = list(self._reduction_axes), given
        mean, variance = _moments(inputs, axes, mask)
        if keep_dims:
            return mean, variance
        return tf.squeeze(mean, axes), tf.squeeze(variance, axes)


def _moments(inputs: Any, axes: list[int], mask: Any) -> tuple[Any, Any]:
    """Mean and variance over ``axes`` and ranks; the axes stay with one element each.

    In two passes: the mean of squares less the square of the mean loses digits.
    """
    weights = _weights(inputs, mask)
    sums = tf.reduce_sum(inputs * weights, axes, keepdims=True)
    here = tf.reduce_sum(tf.broadcast_to(weights, tf.shape(inputs)), axes, keepdims=True)
    both = _total(tf.stack([sums, here]))
    count = tf.stop_gradient(tf.maximum(both[1], tf.ones_like(both[1])))
    mean = both[0] / count
    squares = tf.reduce_sum(tf.square(inputs - mean) * weights, axes, keepdims=True)
    return mean, _total(squares) / count


def _total(tensor: Any) -> Any:
    return tensor if size() == 1 else allreduce(tensor, op=Sum)


def _weights(inputs: Any, mask: Any) -> Any:
    """1 for what counts and 0 for what ``mask`` leaves out, to multiply ``inputs`` by."""
    if mask is None:
        return tf.ones([1] * len(inputs.shape), inputs.dtype)
    return tf.cast(mask, inputs.dtype)[..., None]
