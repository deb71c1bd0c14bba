"""Which way an optimizer works: on the model's parameters, on fp32 copies, or on a share."""

from __future__ import annotations

import torch
from torch import optim

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.optimizer.entries import Entries, names_in_model
from jupyter_sdt.runtime.modelparallel.optimizer.shards import Shards
from jupyter_sdt.runtime.modelparallel.optimizer.working import (
    MasterCopies,
    OwnParameters,
    Working,
)
from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.sharding.working import Pieces
from jupyter_sdt.runtime.modelparallel.world import World

# These treat every element alike, so that a share may begin inside a parameter.
_ELEMENTWISE: tuple[type[optim.Optimizer], ...] = (
    optim.SGD,
    optim.Adam,
    optim.AdamW,
    optim.Adagrad,
    optim.Adadelta,
    optim.Adamax,
    optim.NAdam,
    optim.RAdam,
    optim.RMSprop,
    optim.Rprop,
    optim.ASGD,
)


def working_for(optimizer: optim.Optimizer, entries: Entries, world: World) -> Working:
    """Return what ``optimizer`` is to update of the local ``entries``."""
    groups = entries.groups()
    model: list[list[torch.Tensor]] = [[entry.parameter for entry in group] for group in groups]
    if world.parameters.sharded:
        _check_sharded(optimizer, entries)
        return Pieces(model)
    if world.parameters.shard_optimizer_state:
        return Shards(
            model,
            world.group("rdp"),
            whole_tensors=not _is_elementwise(optimizer),
            masters=world.parameters.half,
        )
    if world.parameters.half:
        return MasterCopies(model, [[str(entry.number) for entry in group] for group in groups])
    return OwnParameters(model)


def _check_sharded(optimizer: optim.Optimizer, entries: Entries) -> None:
    if not _is_elementwise(optimizer):
        raise SpecError(
            f"optimizer={type(optimizer).__name__} with sharded_data_parallel_degree: must "
            "treat every element alike, as Adam, AdamW and SGD do, for ranks hold parts of them",
            argument="optimizer",
        )
    known = set(names_in_model(script.model))
    if script.model is not None and any(e.parameter not in known for e in entries if e.local):
        raise SpecError(
            "the optimizer holds parameters that are not the sharded model's: make it from "
            "model.parameters() after smp.DistributedModel(model)",
            argument="optimizer",
        )


def _is_elementwise(optimizer: optim.Optimizer) -> bool:
    return isinstance(optimizer, _ELEMENTWISE) or bool(getattr(optimizer, "elementwise", False))
