"""Making the variables of all ranks those of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jupyter_sdt.compat._tensorflow.bridge import through_torch
from jupyter_sdt.compat._tensorflow.framework import not_converted, tf

# Overwrites a tensor of torch, in place, with that of the root.
Broadcast = Callable[[Any], Any]


@not_converted
def broadcast_variables(variables: Iterable[Any], broadcast: Broadcast) -> Any:
    """Overwrite variables of TensorFlow or Keras; in a graph return the operation that does it.

    Those whose type cannot travel, as strings, stay as they are; all ranks have the same.
    """
    wanted = [v for v in variables if _travels(v)]
    if not wanted:
        return tf.no_op()

    def overwrite(tensors: list[Any]) -> list[Any]:
        for tensor in tensors:
            broadcast(tensor)
        return tensors

    values = [tf.convert_to_tensor(variable) for variable in wanted]
    kinds, shapes = [v.dtype for v in values], [v.shape for v in values]
    results = through_torch(overwrite, values, kinds, shapes)
    return tf.group(*(v.assign(value) for v, value in zip(wanted, results, strict=True)))


def global_variables() -> list[Any]:
    """The variables that programs of TensorFlow 1 have; eager mode has no such list."""
    return list(tf.compat.v1.global_variables())


class BroadcastHook(tf.compat.v1.train.SessionRunHook):  # type: ignore[misc]  # untyped
    """Broadcasts all global variables once a session of TensorFlow 1 has been made."""

    def __init__(self, broadcast: Broadcast) -> None:
        super().__init__()
        self._broadcast = broadcast
        self._operation: Any = None

    def begin(self) -> None:
        """Add the operation to the graph."""
        self._operation = broadcast_variables(global_variables(), self._broadcast)

    def after_create_session(self, session: Any, coord: Any) -> None:  # noqa: ARG002
        """Run it."""
        session.run(self._operation)


def _travels(variable: Any) -> bool:
    kind = tf.as_dtype(variable.dtype)
    return bool(kind.is_floating or kind.is_integer or kind.is_bool or kind.is_complex)
