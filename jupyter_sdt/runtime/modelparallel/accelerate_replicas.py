"""What accelerate is told of a model-parallel job: its processes are the replicas of the model.

Left alone, it takes every rank for a replica, stages of one model among them, or none.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch.utils.data import IterableDataset

from jupyter_sdt.runtime.late_import import when_imported
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, allgather
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.script_state import state as script

# What accelerate takes for a sign that each process trains a model of its own.
_SIGNS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "WORLD_SIZE", "LOCAL_RANK")
Function = Callable[..., Any]


def show_replicas() -> None:
    """Let accelerate divide batches among replicas and gather from them; the Trainer relies on it.

    transformers from 4.31 on leaves both to it, and clipping.
    """
    when_imported("accelerate.state", _hide_processes)
    when_imported("accelerate.utils.operations", _gather_from_replicas)
    when_imported("accelerate.accelerator", _divide_batches)
    when_imported("accelerate.accelerator", _clip_whole_models)
    when_imported("accelerate.accelerator", _leave_optimizers)


def _replace(owner: Any, name: str, make: Callable[[Function], Function]) -> None:
    """Put ``make(original)`` in the place of a function, also where accelerate has imported it."""
    original = getattr(owner, name)
    if getattr(original, "knows_replicas", False):
        return
    new: Any = functools.wraps(original)(make(original))
    new.knows_replicas = True
    loaded = [module for key, module in list(sys.modules.items()) if key.startswith("accelerate")]
    for place in (owner, *loaded):
        if vars(place).get(name) is original:
            setattr(place, name, new)


def _hide_processes(module: Any) -> None:
    def alone(begin: Function) -> Function:
        def beginning(self: Any, *arguments: Any, **named: Any) -> None:
            hidden = {name: os.environ.pop(name) for name in _SIGNS if name in os.environ}
            try:
                begin(self, *arguments, **named)
            finally:
                os.environ.update(hidden)

        return beginning

    _replace(module.PartialState, "__init__", alone)


def _divide_batches(module: Any) -> None:
    def among_replicas(prepare: Function) -> Function:
        def prepared(dataloader: Any, device: Any = None, *others: Any, **named: Any) -> Any:
            if not others:  # else the script itself says among how many
                group = _replicas()
                named |= {"num_processes": group.size, "process_index": group.rank}
                if isinstance(dataloader.dataset, IterableDataset):
                    named["dispatch_batches"] = False  # one process would read for all
            return prepare(dataloader, device, *others, **named)

        return prepared

    _replace(module, "prepare_data_loader", among_replicas)


def _gather_from_replicas(module: Any) -> None:
    def of_tensors(gather: Function) -> Function:
        def gathered(tensor: Any) -> Any:
            if _replicas().size == 1:
                return gather(tensor)
            rows = module.recursively_apply(_row, tensor, error_on_other_type=True)
            return module.concatenate(_from_all(rows))

        return gathered

    def of_objects(gather_object: Function) -> Function:
        def gathered(object: Any) -> Any:  # noqa: A002 - accelerate's name
            if _replicas().size == 1:
                return gather_object(object)
            return list(chain.from_iterable(_from_all(object)))

        return gathered

    _replace(module, "gather", of_tensors)
    _replace(module, "gather_object", of_objects)


def _clip_whole_models(module: Any) -> None:
    def by_the_norm_of_all(clip: Function) -> Function:
        def clipped(self: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
            given = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
            if not _are_of_the_model(given):
                return clip(self, given, max_norm, norm_type=norm_type)
            return torch.tensor(script.optimizer.clip_master_grads(max_norm, norm_type))

        return clipped

    _replace(module.Accelerator, "clip_grad_norm_", by_the_norm_of_all)


def _leave_optimizers(module: Any) -> None:
    """Not wrapped: the Trainer asks them for what only ours have."""

    def but_ours(prepare: Function) -> Function:
        def prepared(self: Any, optimizer: Any, *arguments: Any, **named: Any) -> Any:
            ours = isinstance(optimizer, DistributedOptimizer)
            return optimizer if ours else prepare(self, optimizer, *arguments, **named)

        return prepared

    _replace(module.Accelerator, "prepare_optimizer", but_ours)


def _are_of_the_model(parameters: list[torch.Tensor]) -> bool:
    """Whether these are the model's, each rank's with elements for what lies there."""
    if script.optimizer is None or not script.partitioned:
        return False
    given = {id(p) for p in parameters}
    held = list(script.model.parameters())
    return given in ({id(p) for p in held}, {id(p) for p in held if p.requires_grad})


def _replicas() -> world.Group:
    """The ranks that have data of their own; tensor peers with one batch are not among them."""
    here = world.current()
    return here.group("rdp" if here.parameters.prescaled_batch else "dp")


def _from_all(value: Any) -> list[Any]:
    return allgather(value, CommGroup(_replicas().name))


def _row(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape(1) if tensor.dim() == 0 else tensor
