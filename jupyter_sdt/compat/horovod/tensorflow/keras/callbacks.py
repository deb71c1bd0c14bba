"""horovod.tensorflow.keras.callbacks: what ``model.fit`` needs beside the optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from jupyter_sdt.compat._tensorflow.callbacks import BroadcastOnce, MetricAverage

from ...torch.functions import allgather_object
from ...torch.process_sets import ProcessSet, global_process_set
from ..functions import broadcaster
from ..mpi_ops import rank, size

__all__ = [
    "BestModelCheckpoint",
    "BroadcastGlobalVariablesCallback",
    "LearningRateScheduleCallback",
    "LearningRateWarmupCallback",
    "MetricAverageCallback",
]


class BroadcastGlobalVariablesCallback(BroadcastOnce):
    """Makes model and optimizer of all ranks rank ``root_rank``'s, after the first batch."""

    def __init__(
        self,
        root_rank: int,
        device: str = "",
        local_variables: Any = None,
    ) -> None:
        del device
        super().__init__(broadcaster(root_rank), local_variables)


class MetricAverageCallback(MetricAverage):
    """Averages the metrics of each epoch over all ranks; stands before callbacks that use them."""

    def __init__(self, device: str = "", process_set: ProcessSet = global_process_set) -> None:
        del device
        super().__init__(lambda logs: _average(logs, process_set))


class LearningRateScheduleCallback(tf.keras.callbacks.Callback):  # type: ignore[misc]  # untyped
    """Sets the learning rate to ``initial_lr * multiplier``, or ``initial_lr * multiplier(epoch)``.

    From ``start_epoch`` until before ``end_epoch``; with ``staircase``, or a number, once an epoch,
    else at each batch, for fractions of epochs. Without ``initial_lr``, as in versions before 0.21,
    it is the learning rate with which training begins. ``momentum_correction`` has no effect: Keras
    3 fixes the momentum when it traces a step.
    """

    def __init__(
        self,
        initial_lr: float | None = None,
        multiplier: float | Callable[[float], float] = 1.0,
        start_epoch: int = 0,
        end_epoch: int | None = None,
        staircase: bool = True,
        momentum_correction: bool = True,
        steps_per_epoch: int | None = None,
    ) -> None:
        del momentum_correction
        super().__init__()
        self._initial, self._start, self._end = initial_lr, start_epoch, end_epoch
        self.staircase = staircase or not callable(multiplier)
        self.steps_per_epoch = steps_per_epoch
        self._epoch = 0
        self.multiplier = multiplier if callable(multiplier) else lambda _epoch: multiplier

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Read the learning rate to multiply, where none was given."""
        if self._initial is None:
            self._initial = float(self.model.optimizer.learning_rate)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Remember where we are."""
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Set the learning rate."""
        if self._epoch < self._start or (self._end is not None and self._epoch >= self._end):
            return
        if self.staircase and batch == 0:
            self._set(self._epoch)
        elif not self.staircase:
            self._set(self._epoch + batch / self._steps())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras'
        """Show the learning rate among the metrics."""
        if logs is not None:
            logs["lr"] = float(self.model.optimizer.learning_rate)

    def _set(self, epoch: float) -> None:
        assert self._initial is not None  # training has begun
        self.model.optimizer.learning_rate = self._initial * self.multiplier(epoch)

    def _steps(self) -> int:
        found = self.steps_per_epoch or (self.params or {}).get("steps")
        if not found:
            raise ValueError("the number of steps is not known: give steps_per_epoch=")
        return int(found)


class LearningRateWarmupCallback(LearningRateScheduleCallback):
    """Raises the learning rate from ``initial_lr / size()`` to ``initial_lr``, batch by batch.

    After https://arxiv.org/abs/1706.02677, over ``warmup_epochs`` epochs.
    """

    def __init__(
        self,
        initial_lr: float | None = None,
        warmup_epochs: int = 5,
        momentum_correction: bool = True,
        steps_per_epoch: int | None = None,
        verbose: int = 0,
    ) -> None:
        self._verbose, self._warmup = verbose, warmup_epochs
        super().__init__(
            initial_lr,
            self._risen,
            end_epoch=warmup_epochs,
            staircase=False,
            momentum_correction=momentum_correction,
            steps_per_epoch=steps_per_epoch,
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Say when the warm-up is over, if ``verbose``."""
        super().on_epoch_end(epoch, logs)
        if epoch == self._warmup - 1 and self._verbose and rank() == 0:
            now = float(self.model.optimizer.learning_rate)
            tf.print(f"Epoch {epoch + 1}: the learning rate has risen to {now:g}.")

    def _risen(self, epoch: float) -> float:
        # The last batch of the warm-up has the whole rate.
        reached = min((epoch + 1 / self._steps()) / self._warmup, 1.0)
        return (reached * (size() - 1) + 1) / size()


class BestModelCheckpoint(tf.keras.callbacks.ModelCheckpoint):  # type: ignore[misc]  # untyped
    """Keras' ModelCheckpoint that keeps the best model, on rank 0 alone."""

    def __init__(self, filepath: str, monitor: str = "val_loss", **settings: Any) -> None:
        super().__init__(filepath, monitor=monitor, save_best_only=True, **settings)

    def _save_model(self, *arguments: Any, **named: Any) -> None:
        if rank() == 0:
            super()._save_model(*arguments, **named)


def _average(logs: Mapping[str, float], process_set: ProcessSet) -> dict[str, float]:
    everybodys = allgather_object(dict(logs), process_set=process_set)
    return {name: sum(of[name] for of in everybodys) / len(everybodys) for name in logs}
