"""A ``tf.GradientTape`` whose gradients are those of all ranks."""

from __future__ import annotations

from typing import Any

from jupyter_sdt.compat._tensorflow.framework import not_converted, tf
from jupyter_sdt.compat._tensorflow.local_variables import LocalVariables, ReduceGradients
from jupyter_sdt.runtime.autolog.keras_hooks import is_recording, record_step


class _Distributed:
    """What is laid over the class of the given tape."""

    _reduce_gradients: ReduceGradients
    _local: LocalVariables

    @not_converted
    def gradient(self, target: Any, sources: Any, *arguments: Any, **named: Any) -> Any:
        """As the tape's own, over all ranks."""
        tape: Any = super()
        _record(target)
        gradients = tape.gradient(target, sources, *arguments, **named)
        flat = tf.nest.flatten(gradients)
        reduced = self._local.reduce(flat, tf.nest.flatten(sources), self._reduce_gradients)
        return tf.nest.pack_sequence_as(gradients, reduced)

    def register_local_source(self, source: Any) -> None:
        """Leave this variable's gradient on its rank."""
        self._local.add([source])


def _record(loss: Any) -> None:
    """Have each step of the script's loop recorded, in graphs whenever they run."""
    if not is_recording() or not tf.is_tensor(loss) or loss.shape.rank != 0:
        return
    if tf.executing_eagerly():
        record_step(loss)
    else:
        tf.numpy_function(record_step, [loss], [])


def distributed_tape(tape: Any, reduce_gradients: ReduceGradients, local: LocalVariables) -> Any:
    """Return a tape of the same class, which goes on with what ``tape`` has recorded."""
    kind = type(tape)
    made: Any = object.__new__(type(kind.__name__, (_Distributed, kind), {}))
    made.__dict__.update(vars(tape))
    made._reduce_gradients, made._local = reduce_gradients, local
    return made
