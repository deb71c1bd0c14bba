"""Callbacks for ``model.fit`` that several front ends have, in Keras' own form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyter_sdt.compat._tensorflow.framework import tf
from jupyter_sdt.compat._tensorflow.variables import Broadcast, broadcast_variables

Callback: Any = tf.keras.callbacks.Callback


class BroadcastOnce(Callback):  # type: ignore[misc]  # untyped
    """Makes model and optimizer of all ranks alike after the first batch.

    Before that the optimizer has no variables.
    """

    def __init__(self, broadcast: Broadcast, local_variables: Any = ()) -> None:
        super().__init__()
        self._broadcast = broadcast
        self._local = {id(variable) for variable in local_variables or ()}
        self._is_done = False

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Broadcast, the first time."""
        if self._is_done:
            return
        self._is_done = True
        optimizer = getattr(self.model, "optimizer", None)
        variables = [*self.model.variables, *_variables_of(optimizer)]
        # Both lists may name the same variable, as the optimizer's do in some versions of Keras.
        own = {id(v): v for v in variables if id(v) not in self._local}
        broadcast_variables(own.values(), self._broadcast)


class MetricAverage(Callback):  # type: ignore[misc]  # untyped
    """Replaces the metrics of each epoch by their averages over all ranks."""

    def __init__(self, average: Callable[[Mapping[str, float]], Mapping[str, float]]) -> None:
        super().__init__()
        self._average = average

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Average what later callbacks will see."""
        if logs:
            logs.update(self._average({name: float(logs[name]) for name in sorted(logs)}))


def _variables_of(optimizer: Any) -> list[Any]:
    found = getattr(optimizer, "variables", ())
    return list(found() if callable(found) else found)
