"""The places where torch lets us listen. Every hook survives its own faults."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Callable
from typing import Any

from jupyter_sdt.runtime.autolog.root_module import RootModule
from jupyter_sdt.runtime.autolog.step_recorder import StepRecorder
from jupyter_sdt.runtime.late_import import when_imported


def watch_optimizers(torch: Any, recorder: StepRecorder, at_first_step: Callable[[], None]) -> None:
    """Count the steps of optimizers through torch's global hook after ``step()``."""
    root = RootModule(torch, recorder)
    is_compiling = torch.compiler.is_compiling

    def after_step(optimizer: Any, _arguments: Any, _named: Any) -> None:
        if recorder.stopped or is_compiling() or _is_capturing(torch):
            return
        try:
            _count_step(optimizer, recorder, root, at_first_step)
        except Exception as error:  # noqa: BLE001 - never ends the training it watches
            recorder.give_up(error)

    when_imported(
        "torch.optim.optimizer",
        lambda module: module.register_optimizer_step_post_hook(after_step),
    )


def _count_step(
    optimizer: Any, recorder: StepRecorder, root: RootModule, at_first_step: Callable[[], None]
) -> None:
    samples, steps = recorder.samples, recorder.steps
    if not steps:
        at_first_step()
    recorder.step_done(optimizer)
    root.settle(optimizer)
    # A step without samples: another model is trained now.
    if 0 < steps < recorder.steps and samples == recorder.samples_before:
        root.search()
    recorder.samples_before = recorder.samples


def watch_backward(torch: Any, recorder: StepRecorder) -> None:
    """Keep the value of the last tensor that ``backward()`` was called on.

    The reference is detached: a loss kept whole would keep the graph and its memory.
    """
    backward = torch.Tensor.backward

    @functools.wraps(backward)
    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        result = backward(self, *arguments, **named)
        if not recorder.stopped:
            recorder.backwards += 1
            recorder.loss = _unscaled(recorder, self)
        return result

    torch.Tensor.backward = watched


def watch_grad_scaler(module: Any, recorder: StepRecorder) -> None:
    """Remember the loss that a GradScaler multiplies, so that the curve shows the loss itself."""
    scale = module.GradScaler.scale

    @functools.wraps(scale)
    def watched(self: Any, outputs: Any) -> Any:
        scaled = scale(self, outputs)
        if scaled is not outputs and hasattr(outputs, "detach"):
            recorder.scaled = (weakref.ref(scaled), outputs.detach())
        return scaled

    module.GradScaler.scale = watched


def watch_data_loaders(module: Any, recorder: StepRecorder) -> None:
    """Count the passes over the loader that was begun last before the first step."""
    begin = module.DataLoader.__iter__

    @functools.wraps(begin)
    def watched(self: Any) -> Any:
        # A loader of a class that cannot be measured is simply not counted.
        with contextlib.suppress(Exception):
            _note_pass(recorder, self)
        return begin(self)

    module.DataLoader.__iter__ = watched


def _note_pass(recorder: StepRecorder, loader: Any) -> None:
    data = id(loader.dataset)
    if recorder.steps == 0:
        recorder.loader, recorder.data, recorder.passes = weakref.ref(loader), data, 0
        recorder.batches_per_epoch = _length(loader)
    elif recorder.loader() is None and data == recorder.data:
        # Many scripts make a new loader over the same data for every epoch.
        recorder.loader = weakref.ref(loader)
    if recorder.loader() is loader:
        recorder.passes += 1
        recorder.epoch, recorder.epoch_until = recorder.passes, None
    elif recorder.loader() is None:
        # Steps on other data would be of passes that are not ours to count.
        recorder.epoch_until = recorder.steps


def _unscaled(recorder: StepRecorder, tensor: Any) -> Any:
    scaled, original = recorder.scaled
    value = original if scaled() is tensor else tensor.detach()
    return value if value.numel() == 1 else None


def _is_capturing(torch: Any) -> bool:
    """Whether a CUDA graph is being recorded, where reading a value would break it."""
    return bool(torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing())


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:
        return None
