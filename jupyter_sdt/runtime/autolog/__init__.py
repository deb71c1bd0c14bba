"""Step time, throughput, loss and learning rate of an unmodified script, from torch's own hooks.

What is recorded (source ``autolog``, at most 20 records a second, at the same steps on every rank,
the first step at once and the last never lost):

``loss``
    the value ``backward()`` was last called on before the step; before gradient scaling.
``learning_rate``
    of the optimizer's first parameter group.
``step_seconds``, ``samples_per_second``
    means since the previous record, of this rank; a sample is one row of the first tensor given
    to the model that is being trained.
``work_seconds``
    ``step_seconds`` without the time that the last measured step waited for other ranks, where
    DistributedDataParallel tells it.
``epoch``
    passes begun over the DataLoader that feeds the steps, counted from 1; a new loader over the
    same data counts on.
``total_steps``
    once, when the hyperparameters tell it for certain.

A step is one ``step()`` of the first optimizer that was seen. ``SDT_AUTOLOG=0`` switches it off.
Neither torch nor Keras is imported here: a script that does not import them pays nothing.
"""

from __future__ import annotations

import atexit
import os
from types import ModuleType

from jupyter_sdt.runtime.autolog.independent_ranks import warn_of_independent_ranks
from jupyter_sdt.runtime.autolog.keras_hooks import watch_fit
from jupyter_sdt.runtime.autolog.step_recorder import StepRecorder
from jupyter_sdt.runtime.autolog.torch_hooks import (
    watch_backward,
    watch_data_loaders,
    watch_grad_scaler,
    watch_optimizers,
)
from jupyter_sdt.runtime.autolog.waiting import Waiting
from jupyter_sdt.runtime.late_import import when_imported
from jupyter_sdt.runtime.metrics import MetricWriter, count_steps_with
from jupyter_sdt.runtime.process_environment import ProcessEnvironment
from jupyter_sdt.runtime.rank_files import RankFiles
from jupyter_sdt.spec.variables import AUTOLOG

# Where Keras 3 and 2.13 to 2.15, and tf_keras, have their list of callbacks.
_KERAS = ("keras.src.callbacks", "tf_keras.src.callbacks")


def install_autolog(files: RankFiles, place: ProcessEnvironment) -> None:
    """Record the script's steps from the moment it has imported torch, or Keras."""

    def recorder_with(waiting: Waiting) -> StepRecorder:
        recorder = StepRecorder(MetricWriter(files.metrics, files.rank), waiting)
        atexit.register(recorder.flush)
        os.register_at_fork(after_in_child=recorder.stop)
        return recorder

    def install(torch: ModuleType) -> None:
        waiting = Waiting()
        recorder = recorder_with(waiting)
        when_imported("torch.nn.parallel.distributed", waiting.watch)
        count_steps_with(recorder.current_step)
        watch_optimizers(torch, recorder, lambda: warn_of_independent_ranks(torch, place))
        watch_backward(torch, recorder)
        when_imported("torch.amp.grad_scaler", lambda module: watch_grad_scaler(module, recorder))
        when_imported(
            "torch.utils.data.dataloader", lambda module: watch_data_loaders(module, recorder)
        )

    if os.environ.get(AUTOLOG) != "0":
        when_imported("torch", install)
        for name in _KERAS:
            when_imported(name, lambda module: watch_fit(module, recorder_with(Waiting())))
