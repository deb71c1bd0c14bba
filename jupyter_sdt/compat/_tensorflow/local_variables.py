"""Variables that every rank keeps for itself: their gradients do not travel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_sdt.compat._tensorflow.framework import tf

ReduceGradients = Callable[[Sequence[Any]], list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalVariables:
    """Those that were registered; their gradients are divided by ``divisor``.

    With the number of ranks as the divisor they weigh as much as an average's parts do.
    """

    divisor: int = 1
    _known: dict[int, Any] = field(default_factory=dict)

    def add(self, variables: Iterable[Any]) -> None:
        """Register variables of TensorFlow or Keras."""
        self._known.update((_identity(variable), variable) for variable in variables)

    def reduce(
        self, gradients: Sequence[Any], variables: Sequence[Any], reduce: ReduceGradients
    ) -> list[Any]:
        """Return what ``reduce`` makes of the others' gradients, and these in their places."""
        if not self._known:
            return reduce(gradients)
        is_local = [_identity(variable) in self._known for variable in variables]
        travelling = [g for g, local in zip(gradients, is_local, strict=True) if not local]
        reduced = iter(reduce(travelling))
        return [
            self._divided(gradient) if local else next(reduced)
            for gradient, local in zip(gradients, is_local, strict=True)
        ]

    def _divided(self, gradient: Any) -> Any:
        if gradient is None or self.divisor == 1:
            return gradient
        if isinstance(gradient, tf.IndexedSlices):
            values = gradient.values / tf.cast(self.divisor, gradient.values.dtype)
            return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
        return gradient / tf.cast(self.divisor, gradient.dtype)


def variables_of(layers: Any) -> list[Any]:
    """The trainable variables of one layer or several."""
    listed = layers if isinstance(layers, list | tuple | set) else [layers]
    return [variable for layer in listed for variable in layer.trainable_variables]


def _identity(variable: Any) -> int:
    """One number for a variable of Keras 3 and for that of TensorFlow which it holds."""
    held = getattr(variable, "_value", None)
    return id(held if isinstance(held, tf.Variable) else variable)
