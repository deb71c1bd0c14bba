"""One training step on one batch, in microbatches: the same words for every distribution."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel import parameters, world
from jupyter_sdt.runtime.modelparallel.model import DistributedModel as StagedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.script_state import state
from jupyter_sdt.runtime.modelparallel.splitting import Split, split
from jupyter_sdt.runtime.modelparallel.step import step
from jupyter_sdt.runtime.modelparallel.step_output import StepOutput, combine
from jupyter_sdt.runtime.modelparallel.tensor.marks import set_tensor_parallelism

Function = Callable[..., Any]
Backward = Callable[[torch.Tensor], object]


def divide(module: nn.Module) -> StagedModel:
    """``module`` with its modules or parameters on several ranks, as the job's parameters say.

    Gradients of a sharded model are clipped only where the job says so: elsewhere a script does it.
    """
    asked = parameters.read()
    if "sdp_gradient_clipping" not in parameters.launched_values(os.environ, sys.argv):
        asked = replace(asked, sdp_gradient_clipping=math.inf)
    world.start(asked)
    for child in module.children():  # the module itself stays: scripts hold it
        set_tensor_parallelism(child)
    return StagedModel(module)


def spread_optimizer(optimizer: torch.optim.Optimizer) -> DistributedOptimizer:
    """``optimizer`` for parameters that lie on several ranks."""
    return DistributedOptimizer(optimizer)


def clip_whole(max_norm: float, norm_type: float) -> torch.Tensor:
    """Clip the gradients of all ranks' parts. Raises RuntimeStateError without our optimizer."""
    if state.optimizer is None:
        raise RuntimeStateError(
            "model.clip_grad_norm_() of a divided model needs its optimizer; make it with "
            "optimizer = model.with_optimizer(optimizer)"
        )
    return torch.tensor(state.optimizer.clip_master_grads(max_norm, norm_type))


def staged_call(model: StagedModel, arguments: Any, named: Any) -> Any:
    """Call the model. Raises RuntimeStateError outside of a step."""
    if not model.callable_now:
        raise RuntimeStateError(
            "the model lies on several ranks and was called outside of a step; call it in a "
            "function that is given to model.train_step(function, *batch) or model.evaluate_step"
        )
    return model(*arguments, **named)


def staged_step(model: StagedModel, function: Function, batch: Any, *, train: bool) -> Any:
    """Run ``function`` on each microbatch of ``batch`` through the stages."""

    @step
    def microbatch(*parts: Any) -> Any:
        return _once(function, parts, model.backward if train else None)

    return _merged(microbatch(*batch))


def local_step(
    function: Function, batch: Any, no_sync: Callable[[], AbstractContextManager[None]] | None
) -> Any:
    """Run ``function`` on each microbatch of ``batch`` in this rank.

    With ``no_sync`` backward, too; gradients are exchanged with the last microbatch.
    """
    count = parameters.read().microbatches
    parts = split(tuple(batch), Split(argument="the batch", count=count))
    results = []
    for number, part in enumerate(parts):
        last = number == count - 1
        with nullcontext() if no_sync is None or last else no_sync():
            results.append(_once(function, part, None if no_sync is None else _mean_of(count)))
    return _merged(combine(results, detach=True))


def _mean_of(count: int) -> Backward:
    return lambda loss: torch.autograd.backward(loss / count)


def _once(function: Function, parts: Any, backward: Backward | None) -> Any:
    if backward is None:
        with torch.no_grad():
            return function(*parts)
    result = function(*parts)
    backward(_loss(result))
    return result


def _loss(result: Any) -> torch.Tensor:
    """The loss in what a step function returned. Raises SpecError where there is none."""
    found = result
    if isinstance(result, Mapping) and "loss" in result:
        found = result["loss"]
    elif isinstance(result, (tuple, list)) and result:
        found = result[0]
    if isinstance(found, torch.Tensor) and found.numel() == 1:
        return found
    tensor = isinstance(found, torch.Tensor)
    what = f"a tensor of shape {tuple(found.shape)}" if tensor else repr(found)
    raise SpecError(
        f"train_step: the function returned {what}; it must return the loss (a tensor of one "
        "element), or a tuple that begins with it, or a dictionary that has 'loss'",
        argument="function",
    )


def _merged(result: Any) -> Any:
    """What one run on the whole batch would have returned: means of scalars, batches in a row."""
    if isinstance(result, StepOutput):
        return result.reduce_mean() if result.outputs[0].dim() == 0 else result.concat()
    if isinstance(result, dict):
        return {key: _merged(value) for key, value in result.items()}
    if isinstance(result, tuple):
        return tuple(_merged(value) for value in result)
    return result
