"""horovod.tensorflow.keras.elastic: a state, and callbacks that keep it during ``model.fit``."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..elastic import TensorFlowKerasState, run

__all__ = [
    "CommitStateCallback",
    "KerasState",
    "UpdateBatchStateCallback",
    "UpdateEpochStateCallback",
    "run",
]

Callback: Any = tf.keras.callbacks.Callback


class KerasState(TensorFlowKerasState):
    """A model, its optimizer and plain values: ``KerasState(model, batch=0, epoch=0)``."""


class CommitStateCallback(Callback):  # type: ignore[misc]  # untyped
    """Commits ``state`` every ``batches_per_commit`` batches, and at the end of an epoch."""

    def __init__(self, state: Any, batches_per_commit: int = 1) -> None:
        super().__init__()
        self._state, self._every, self._left = state, batches_per_commit, batches_per_commit

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Commit when it is time."""
        self._left -= 1
        if self._left == 0:
            self._state.commit()
            self._left = self._every

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Commit."""
        self._state.commit()


class UpdateBatchStateCallback(Callback):  # type: ignore[misc]  # untyped
    """Keeps ``state.batch``, the number of batches of this epoch that are over."""

    def __init__(self, state: Any) -> None:
        super().__init__()
        self._state = state

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Count."""
        self._state.batch = batch + 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Begin to count anew."""
        self._state.batch = 0


class UpdateEpochStateCallback(Callback):  # type: ignore[misc]  # untyped
    """Keeps ``state.epoch``, the number of epochs that are over."""

    def __init__(self, state: Any) -> None:
        super().__init__()
        self._state = state
        self._before = getattr(state, "epoch", 0)

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Remember how many were over before."""
        self._before = self._state.epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Count."""
        self._state.epoch = self._before + epoch + 1
