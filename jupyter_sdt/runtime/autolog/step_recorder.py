"""From hook calls to records: counting, means between records, a limited rate."""

from __future__ import annotations

import math
import sys
import time
import weakref
from typing import Any

from jupyter_sdt.runtime.autolog.step_grid import on_grid
from jupyter_sdt.runtime.autolog.total_steps import total_steps
from jupyter_sdt.runtime.autolog.waiting import Waiting
from jupyter_sdt.runtime.metrics import MetricWriter, encode_values

# Reading a loss waits for the device, so on an accelerator it is done more rarely.
_CPU_INTERVAL, _DEVICE_INTERVAL = 0.05, 0.2
# After so many steps of other optimizers the one that counts is taken for given up.
_PATIENCE = 50


class StepRecorder:
    """Counts the steps of one training loop and writes a record when one is due.

    The hooks set ``loss`` (a detached tensor of one value), ``samples``, ``backwards`` and
    ``epoch``; times are in seconds.
    """

    def __init__(self, writer: MetricWriter, waiting: Waiting) -> None:
        self._waiting = waiting
        self.loss: Any = None
        # The product of a GradScaler, by weak reference, and what it was made of.
        self.scaled: tuple[Any, Any] = (_nothing, None)
        self.samples = 0
        self.samples_before = 0  # up to the step before
        self.backwards = 0
        # The loader that feeds the steps, by weak reference, its data, and passes begun over them.
        self.loader: Any = _nothing
        self.data = self.passes = 0
        self.epoch: int | None = None
        self.epoch_until: int | None = None  # the last step that is known to be of ``epoch``
        self.batches_per_epoch: int | None = None
        self.steps = 0
        self.stopped = False
        self._writer = writer
        self._optimizer: Any = _nothing
        self._learning_rate: Any = None
        self._foreign_steps = 0
        self._interval = _CPU_INTERVAL
        self._last_step_at = 0.0
        self._recorded_steps = 0
        # Long ago, so that the first step is recorded.
        self._recorded_at = -math.inf

    def current_step(self) -> int | None:
        """Steps done so far; None before the first."""
        return self.steps or None

    def step_done(self, optimizer: Any) -> None:
        """Count a step of ``optimizer`` if it is the one that counts, and record it when due."""
        if self._optimizer() is not optimizer and not self._adopt(optimizer):
            return
        self.steps += 1
        # Kept now: a function's optimizer is gone when the last record is written.
        self._learning_rate = optimizer.param_groups[0].get("lr")
        self._last_step_at = now = time.perf_counter()
        since, seconds = self.steps - self._recorded_steps, now - self._recorded_at
        if on_grid(self.steps, since, seconds, self._interval):
            self._record()

    def note(self, values: dict[str, float]) -> None:
        """Record ``values``, which belong to the last step."""
        if values:
            self._writer.write(self.steps, encode_values(values), "autolog")

    def flush(self) -> None:
        """Record the steps since the last record, at the end of the process."""
        if self.stopped or self.steps == self._recorded_steps:
            return
        try:
            self._record(at=self._last_step_at)
        except Exception as error:  # noqa: BLE001 - a broken device must not hide the script's error
            self.give_up(error)

    def stop(self) -> None:
        """Record nothing more, as in a forked child, whose steps are not the rank's."""
        self.stopped = True
        self.loss = None

    def give_up(self, error: Exception) -> None:
        """Stop after a fault of our own and say so once; training goes on."""
        self.stop()
        sys.stderr.write(f"jupyter_sdt: autolog stopped: {type(error).__name__}: {error}\n")

    def _adopt(self, optimizer: Any) -> bool:
        """Whether ``optimizer`` becomes the one that counts: the first, or its successor."""
        self._foreign_steps += 1
        if self._optimizer() is not None and self._foreign_steps < _PATIENCE:
            return False
        self._foreign_steps = 0
        self._optimizer = weakref.ref(optimizer)
        return True

    def _record(self, at: float | None = None) -> None:
        values = self._read_now()
        # After the loss was read, because only then has the device done the work it was given.
        now = time.perf_counter() if at is None else at
        if self._recorded_steps:
            values |= self._means(now - self._recorded_at)
        else:
            values |= self._totals()
        self._writer.write(self.steps, encode_values(values), "autolog")
        self._recorded_steps, self._recorded_at = self.steps, now
        self.samples = self.backwards = 0
        self.loss = None

    def _read_now(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        self._interval = _CPU_INTERVAL
        if self.loss is not None:
            on_cpu = self.loss.device.type == "cpu"
            self._interval = _CPU_INTERVAL if on_cpu else _DEVICE_INTERVAL
            values["loss"] = float(self.loss)
        if self._learning_rate is not None:
            values["learning_rate"] = float(self._learning_rate)
        if self.epoch is not None and self.epoch_until in (None, self.steps):
            values["epoch"] = self.epoch
        return values

    def _means(self, seconds: float) -> dict[str, float]:
        if seconds <= 0:
            return {}
        step_seconds = seconds / (self.steps - self._recorded_steps)
        means = {"step_seconds": step_seconds}
        if (waited := self._waiting.seconds(step_seconds)) is not None:
            means["work_seconds"] = max(0.0, step_seconds - waited)
        return means | ({"samples_per_second": self.samples / seconds} if self.samples else {})

    def _totals(self) -> dict[str, int]:
        """Known for certain only where each batch makes one step."""
        one_to_one = self.backwards == 1
        total = total_steps(self.batches_per_epoch if one_to_one else None)
        return {} if total is None else {"total_steps": total}


def _nothing() -> None:
    """Stand in for a weak reference whose object is gone."""
