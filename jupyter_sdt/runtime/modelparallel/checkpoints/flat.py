"""Sharded models as published scripts read them: a flat float32 tensor for each group.

They put ``param_shapes`` and ``buffer_names`` into the user's content themselves, read
``model_0.pt["module"]`` and each ``optimizer_R.pt``, and join the ``partition_count`` parts of each
parameter, in order.
"""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.checkpoints.files import part_number

MODULE = "module"
OPTIMIZER = ("partition_count", "fp32_flat_groups")


def module_entry(model: Any) -> dict[str, Any]:
    """Buffers, under the names of the script's module and of the layer around it."""
    buffers = {name: buffer.detach().cpu() for name, buffer in model.named_buffers()}
    return {MODULE: buffers | {f"{MODULE}.{name}": value for name, value in buffers.items()}}


def optimizer_entries(optimizer: Any) -> dict[str, Any]:
    """The part of every parameter that lies here. All ranks of a shard group call it."""
    count = world.current().parameters.sharded_data_parallel_degree
    groups = [
        torch.cat([part_of(whole, count, part_number()) for whole in group])
        for group in optimizer.working.wholes()
    ]
    return dict(zip(OPTIMIZER, (count, groups), strict=True))


def part_of(whole: torch.Tensor, count: int, number: int) -> torch.Tensor:
    """Part ``number`` of ``count`` equal ones of the flat ``whole``, with zeros at the end."""
    flat = whole.detach().reshape(-1).float().cpu()
    padding = -flat.numel() % count
    return torch.nn.functional.pad(flat, (0, padding)).chunk(count)[number].clone()
