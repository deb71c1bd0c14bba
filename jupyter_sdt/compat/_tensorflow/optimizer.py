"""An optimizer of Keras or of TensorFlow 1 that steps with the gradients of all ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jupyter_sdt.compat._tensorflow.framework import tf

ReduceGradients = Callable[[Sequence[Any]], list[Any]]


class _Reduces:
    """What all have: the reduction, and over how many passes gradients add up first."""

    _reduce_gradients: ReduceGradients
    _passes: int
    _is_mean_of_passes: bool


class _Keras(_Reduces):
    """Laid over a class of keras.optimizers: everything there goes through ``apply``."""

    _sums: list[Any]
    _count: Any

    def build(self, variables: Any) -> None:
        """Make the optimizer's variables, and those in which gradients add up."""
        optimizer: Any = super()
        optimizer.build(variables)
        if self._passes > 1 and not self._sums:
            self._sums = [
                tf.Variable(tf.zeros(v.shape, tf.as_dtype(v.dtype)), trainable=False)
                for v in variables
            ]
            self._count = tf.Variable(0, trainable=False)

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Step with the gradients of all ranks."""
        optimizer: Any = super()
        if self._passes == 1:
            return optimizer.apply(self._reduce_gradients(grads), trainable_variables)
        variables = list(trainable_variables or self._trainable_variables)  # type: ignore[attr-defined]
        if not self._sums:
            with tf.init_scope():
                self.build(variables)
        for total, gradient in zip(self._sums, grads, strict=True):
            if gradient is not None:
                total.assign_add(tf.cast(tf.convert_to_tensor(gradient), total.dtype))
        is_last = tf.equal(self._count.assign_add(1) % self._passes, 0)
        return tf.cond(is_last, lambda: self._step(optimizer, variables), tf.no_op)

    def _step(self, optimizer: Any, variables: list[Any]) -> Any:
        divisor = self._passes if self._is_mean_of_passes else 1
        optimizer.apply(
            self._reduce_gradients([total / divisor for total in self._sums]), variables
        )
        return tf.group(*(total.assign(tf.zeros_like(total)) for total in self._sums))


class _KerasBefore3(_Reduces):
    """Laid over a class of tf_keras, where ``minimize`` and ``fit`` call ``apply_gradients``."""

    def apply_gradients(self, grads_and_vars: Any, *arguments: Any, **named: Any) -> Any:
        """Step with the gradients of all ranks."""
        optimizer: Any = super()
        pairs = list(grads_and_vars)
        reduced = self._reduce_gradients([gradient for gradient, _ in pairs])
        variables = [variable for _, variable in pairs]
        return optimizer.apply_gradients(zip(reduced, variables, strict=True), *arguments, **named)


class _TensorFlow1(_Reduces):
    """Laid over a class of tf.compat.v1.train, as Horovod's documentation has it."""

    def compute_gradients(self, *arguments: Any, **named: Any) -> Any:
        """Return the gradients of all ranks and their variables."""
        optimizer: Any = super()
        pairs = optimizer.compute_gradients(*arguments, **named)
        reduced = self._reduce_gradients([gradient for gradient, _ in pairs])
        return [(gradient, v) for gradient, (_, v) in zip(reduced, pairs, strict=True)]


def distributed_optimizer(
    optimizer: Any,
    reduce_gradients: ReduceGradients,
    *,
    passes: int = 1,
    is_mean_of_passes: bool = False,
) -> Any:
    """Return an optimizer of the same class and settings that steps with all ranks' gradients.

    Over ``passes`` calls gradients add up first. Raises ValueError for what is no optimizer and
    for ``passes`` that an optimizer of an older kind cannot have.
    """
    layer, fields = _layer(optimizer), {}
    if passes < 1 or (passes > 1 and layer is not _Keras):
        raise ValueError(
            f"backward_passes_per_step={passes} must be 1 for {type(optimizer).__name__}; "
            "optimizers of Keras 3 may have more"
            if passes > 1
            else f"backward_passes_per_step={passes} must be at least 1"
        )
    fields = {"_reduce_gradients": staticmethod(reduce_gradients), "_passes": passes}
    fields |= {"_is_mean_of_passes": is_mean_of_passes, "_sums": [], "_count": None}
    kind = type(optimizer)
    fields |= {"__module__": kind.__module__}  # so that Keras saves it as what it is
    made = type(kind.__name__, (layer, kind), fields)
    if layer is _TensorFlow1:
        again: Any = object.__new__(made)
        again.__dict__.update(vars(optimizer))
        return again
    return made.from_config(optimizer.get_config())  # type: ignore[attr-defined]


def _layer(optimizer: Any) -> type[_Reduces]:
    if isinstance(optimizer, tf.compat.v1.train.Optimizer):
        return _TensorFlow1
    if hasattr(optimizer, "apply") and hasattr(optimizer, "from_config"):
        return _Keras
    if hasattr(optimizer, "apply_gradients") and hasattr(optimizer, "from_config"):
        return _KerasBefore3
    raise ValueError(
        f"{type(optimizer).__name__} is no optimizer of Keras nor of tf.compat.v1.train"
    )
