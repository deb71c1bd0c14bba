"""A ``tf.GradientTape`` whose gradients are those of all ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jupyter_sdt.compat._tensorflow.framework import tf

ReduceGradients = Callable[[Sequence[Any]], list[Any]]


class _Distributed:
    """What is laid over the class of the given tape."""

    _reduce_gradients: ReduceGradients

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """As the tape's own, over all ranks."""
        tape: Any = super()
        gradients = tape.gradient(target, sources, output_gradients)
        flat = tf.nest.flatten(gradients)
        return tf.nest.pack_sequence_as(gradients, self._reduce_gradients(flat))


def distributed_tape(tape: Any, reduce_gradients: ReduceGradients) -> Any:
    """Return a tape of the same class, which goes on with what ``tape`` has recorded."""
    kind = type(tape)
    made: Any = object.__new__(type(kind.__name__, (_Distributed, kind), {}))
    made.__dict__.update(vars(tape))
    made._reduce_gradients = reduce_gradients
    return made
