"""Curves of TensorFlow: of Keras' ``fit``, and of loops whose gradients our front ends see.

``loss`` of ``fit`` is what Keras shows, the mean of the epoch so far; at the end of an epoch its
other metrics are recorded, too. https://keras.io/api/callbacks/
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

from jupyter_sdt.runtime.autolog.step_recorder import StepRecorder
from jupyter_sdt.runtime.metrics import count_steps_with

_RATES = {"lr", "learning_rate"}

_recorder: StepRecorder | None = None


@dataclass(slots=True)
class _Value:
    """A number as the recorder expects it: read only when a record is due."""

    given: Any

    @property
    def device(self) -> SimpleNamespace:
        on_gpu = "GPU" in str(getattr(self.given, "device", ""))
        return SimpleNamespace(type="cuda" if on_gpu else "cpu")

    def __float__(self) -> float:
        # Some variables of tf.distribute have no other way to a number.
        read = getattr(self.given, "numpy", None)
        return float(read() if callable(read) else self.given)


@dataclass(slots=True, weakref_slot=True, eq=False)
class _Loop:
    """Stands where the recorder looks for torch's optimizer; one for all loops of the process."""

    model: Any = None  # of the last ``fit``
    in_fit: bool = False

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The learning rate, where the model has an optimizer with a number for it."""
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        is_number = hasattr(rate, "numpy") or hasattr(rate, "__float__")
        return [{"lr": _Value(rate) if self.in_fit and is_number else None}]


_loop = _Loop()


def watch_fit(module: ModuleType, recorder: StepRecorder) -> None:
    """Let the list of callbacks that ``fit`` calls tell ``recorder`` about it."""
    global _recorder
    _recorder = recorder
    actions: dict[str, Callable[..., None]] = {
        "on_train_begin": _begin,
        "on_epoch_begin": _begin_epoch,
        "on_train_batch_end": _end_step,
        "on_epoch_end": _end_epoch,
        "on_train_end": _end,
    }
    for name, action in actions.items():
        _follow(module.CallbackList, name, functools.partial(action, recorder))


def is_recording() -> bool:
    """Whether :func:`record_step` would do something."""
    return _recorder is not None and not _recorder.stopped


def record_step(loss: Any) -> None:
    """Count a step of a script's own loop, whose loss was this number; ``fit`` counts itself."""
    if _recorder is None or _recorder.stopped or _loop.in_fit:
        return
    if _recorder.steps == 0:
        count_steps_with(_recorder.current_step)
    _recorder.loss = _Value(loss)
    _recorder.step_done(_loop)


def _follow(kind: Any, name: str, action: Callable[..., None]) -> None:
    """Call ``action`` after the method, with the same arguments."""
    given = getattr(kind, name)

    @functools.wraps(given)
    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        result = given(self, *arguments, **named)
        if _recorder is not None and not _recorder.stopped:
            try:
                action(self, *arguments, **named)
            except Exception as error:  # noqa: BLE001 - never ends the training it watches
                _recorder.give_up(error)
        return result

    setattr(kind, name, method)


def _begin(recorder: StepRecorder, callbacks: Any, logs: Any = None) -> None:
    del logs
    _loop.model, _loop.in_fit = callbacks.model, True
    count_steps_with(recorder.current_step)


def _begin_epoch(recorder: StepRecorder, callbacks: Any, epoch: int, logs: Any = None) -> None:
    del callbacks, logs
    recorder.epoch = epoch + 1


def _end_step(recorder: StepRecorder, callbacks: Any, batch: int, logs: Any = None) -> None:
    del callbacks, batch
    recorder.loss = _Value(logs["loss"]) if logs and "loss" in logs else None
    recorder.step_done(_loop)


def _end_epoch(recorder: StepRecorder, callbacks: Any, epoch: int, logs: Any = None) -> None:
    del callbacks, epoch
    wanted = {name: float(value) for name, value in (logs or {}).items() if name not in _RATES}
    recorder.note({name: value for name, value in wanted.items() if name != "loss"})


def _end(recorder: StepRecorder, callbacks: Any, logs: Any = None) -> None:
    del recorder, callbacks, logs
    _loop.in_fit = False
