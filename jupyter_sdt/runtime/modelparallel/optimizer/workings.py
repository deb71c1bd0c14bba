"""Which way an optimizer works: on the model's parameters, on fp32 copies, or on a share."""

from __future__ import annotations

import torch
from torch import optim

from jupyter_sdt.runtime.modelparallel.optimizer.entries import Entries
from jupyter_sdt.runtime.modelparallel.optimizer.shards import Shards
from jupyter_sdt.runtime.modelparallel.optimizer.working import (
    MasterCopies,
    OwnParameters,
    Working,
)
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
    if world.parameters.shard_optimizer_state:
        return Shards(
            model,
            world.group("rdp"),
            whole_tensors=not _is_elementwise(optimizer),
            masters=world.parameters.fp16,
        )
    if world.parameters.fp16:
        return MasterCopies(model, [[str(entry.number) for entry in group] for group in groups])
    return OwnParameters(model)


def _is_elementwise(optimizer: optim.Optimizer) -> bool:
    return isinstance(optimizer, _ELEMENTWISE) or bool(getattr(optimizer, "elementwise", False))
