"""An optimizer of Keras or of TensorFlow 1 that steps with the gradients of all ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_sdt.compat._tensorflow.framework import not_converted, tf
from jupyter_sdt.compat._tensorflow.local_variables import LocalVariables, ReduceGradients

# Changes the variables by these gradients.
Step = Callable[[list[Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Over how many calls gradients add up first, and whether the sum becomes a mean."""

    number: int = 1
    is_mean: bool = False


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """What the layers below have beside the optimizer's own state."""

    reduce: ReduceGradients
    local: LocalVariables
    passes: Passes
    sums: list[Any] = field(default_factory=list)
    count: Any = None

    def make_sums(self, variables: Sequence[Any]) -> None:
        """Make the variables in which gradients add up, once."""
        if self.passes.number == 1 or self.sums:
            return
        self.sums = [
            tf.Variable(tf.zeros(v.shape, tf.as_dtype(v.dtype)), trainable=False) for v in variables
        ]
        self.count = tf.Variable(0, trainable=False)

    def step(self, gradients: Sequence[Any], variables: Sequence[Any], step: Step) -> Any:
        """Step with the gradients of all ranks, or add them up for a later call."""
        if self.passes.number == 1:
            return step(self.local.reduce(gradients, variables, self.reduce))
        for total, gradient in zip(self.sums, gradients, strict=True):
            if gradient is not None:
                total.assign_add(tf.cast(tf.convert_to_tensor(gradient), total.dtype))
        is_last = tf.equal(self.count.assign_add(1) % self.passes.number, 0)
        return tf.cond(is_last, lambda: self._step_with_sums(variables, step), tf.no_op)

    def _step_with_sums(self, variables: Sequence[Any], step: Step) -> Any:
        divisor = self.passes.number if self.passes.is_mean else 1
        totals = [total / divisor for total in self.sums]
        step(self.local.reduce(totals, variables, self.reduce))
        return tf.group(*(total.assign(tf.zeros_like(total)) for total in self.sums))


class _Layer:
    """Laid over the class of an optimizer."""

    _exchange: _Exchange

    def register_local_var(self, var: Any) -> None:
        """Leave this variable's gradient on its rank."""
        self._exchange.local.add([var])


class _Keras(_Layer):
    """Over a class of keras.optimizers: everything there goes through ``apply``."""

    def build(self, variables: Any) -> None:
        """Make the optimizer's variables, and those in which gradients add up."""
        optimizer: Any = super()
        optimizer.build(variables)
        self._exchange.make_sums(list(variables))

    @not_converted
    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Step with the gradients of all ranks."""
        optimizer: Any = super()
        variables = list(trainable_variables or self._trainable_variables)  # type: ignore[attr-defined]
        if self._exchange.passes.number > 1 and not self._exchange.sums:
            with tf.init_scope():
                self.build(variables)
        return self._exchange.step(
            list(grads), variables, lambda reduced: optimizer.apply(reduced, trainable_variables)
        )


class _KerasBefore3(_Layer):
    """Over a class of tf_keras, where ``minimize`` and ``fit`` call ``apply_gradients``."""

    @not_converted
    def apply_gradients(self, grads_and_vars: Any, *arguments: Any, **named: Any) -> Any:
        """Step with the gradients of all ranks."""
        optimizer: Any = super()
        pairs = list(grads_and_vars)
        gradients, variables = [g for g, _ in pairs], [v for _, v in pairs]
        if self._exchange.passes.number > 1:
            with tf.init_scope():  # variables cannot be made where only some calls come by
                make = "build" if hasattr(self, "build") else "_create_all_weights"
                getattr(optimizer, make)(variables)
                self._exchange.make_sums(variables)

        def step(reduced: list[Any]) -> Any:
            return optimizer.apply_gradients(
                zip(reduced, variables, strict=True), *arguments, **named
            )

        return self._exchange.step(gradients, variables, step)


class _TensorFlow1(_Layer):
    """Over a class of tf.compat.v1.train, as Horovod's documentation has it."""

    @not_converted
    def compute_gradients(self, *arguments: Any, **named: Any) -> Any:
        """Return the gradients of all ranks and their variables."""
        optimizer: Any = super()
        pairs = optimizer.compute_gradients(*arguments, **named)
        gradients, variables = [g for g, _ in pairs], [v for _, v in pairs]
        exchange = self._exchange
        reduced = exchange.local.reduce(gradients, variables, exchange.reduce)
        return list(zip(reduced, variables, strict=True))


def distributed_optimizer(
    optimizer: Any,
    reduce_gradients: ReduceGradients,
    *,
    passes: Passes | None = None,
    local: LocalVariables | None = None,
) -> Any:
    """Return an optimizer of the same class and settings that steps with all ranks' gradients.

    Raises ValueError for what is no optimizer and for a number of ``passes`` that it cannot have.
    """
    layer, kind = _layer(optimizer), type(optimizer)
    passes, local = passes or Passes(), local or LocalVariables()
    _check(passes.number, layer, kind.__name__)
    made = type(
        kind.__name__,
        (layer, kind),
        {
            "__module__": kind.__module__,  # so that Keras saves it as what it is
            "_exchange": _Exchange(reduce=reduce_gradients, local=local, passes=passes),
        },
    )
    if layer is not _TensorFlow1:
        return made.from_config(optimizer.get_config())  # type: ignore[attr-defined]
    again: Any = object.__new__(made)
    again.__dict__.update(vars(optimizer))
    return again


def _check(passes: int, layer: type[_Layer], name: str) -> None:
    if passes < 1:
        raise ValueError(f"backward_passes_per_step={passes} must be at least 1")
    if passes > 1 and layer is _TensorFlow1:
        raise ValueError(
            f"backward_passes_per_step={passes} must be 1 for {name}; optimizers of Keras may have "
            "more"
        )


def _layer(optimizer: Any) -> type[_Layer]:
    if isinstance(optimizer, tf.compat.v1.train.Optimizer):
        return _TensorFlow1
    if hasattr(optimizer, "apply") and hasattr(optimizer, "from_config"):
        return _Keras
    if hasattr(optimizer, "apply_gradients") and hasattr(optimizer, "from_config"):
        return _KerasBefore3
    raise ValueError(
        f"{type(optimizer).__name__} is no optimizer of Keras nor of tf.compat.v1.train"
    )
