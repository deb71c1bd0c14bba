"""An optimizer's state on its way to a file and back: this rank's part, or the whole model's.

Parameters are numbered as in one process with the whole model, so that a whole state is what
torch's own ``state_dict()`` would be there, and fits any partition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, allgather
from jupyter_sdt.runtime.modelparallel.optimizer.entries import Entries, Entry
from jupyter_sdt.runtime.modelparallel.optimizer.shards import Shards
from jupyter_sdt.runtime.modelparallel.optimizer.working import Working
from jupyter_sdt.runtime.modelparallel.sharding.working import Pieces
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of
from jupyter_sdt.runtime.modelparallel.world import World

PARTIAL = "_smp_is_partial"
COPIES = "fp32_copies"
_NUMBERS, _SHARD = "_smp_numbers", "_smp_shard"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerParts:
    """An optimizer, the parameters it was made with, and what it updates of them here."""

    optimizer: torch.optim.Optimizer
    entries: Entries
    working: Working
    world: World


def local_state(parts: OptimizerParts) -> dict[str, Any]:
    """What this rank has of the state, marked as such."""
    plain = parts.optimizer.state_dict()["state"]
    numbers = [entry.number for group in parts.entries.groups() for entry in group]
    found = {"param_groups": parts.entries.numbered_groups(), PARTIAL: True, _NUMBERS: numbers}
    if isinstance(parts.working, (Shards, Pieces)):
        found |= {"state": plain, _SHARD: _shard(parts)}
    else:
        found["state"] = {numbers[place]: values for place, values in plain.items()}
    copies = parts.working.copies()
    return found | {COPIES: copies} if copies else found


def whole_state(parts: OptimizerParts) -> dict[str, Any]:
    """The whole model's state, put together from all its ranks, on the CPU.

    Raises SpecError for state that replicas share out: a whole is not defined for it.
    """
    local = local_state(parts)
    if _SHARD in local:
        raise SpecError(
            "optimizer.state_dict() with shard_optimizer_state or sharded data "
            "parallelism: each rank has a share only; save "
            "optimizer.local_state_dict() on every rank, or checkpoints with partial=True",
            argument="shard_optimizer_state",
        )
    mine = {
        entry.number: (local["state"].get(entry.number), slice_of(entry.parameter))
        for group in parts.entries.groups()
        for entry in group
    }
    everything = allgather((_on_cpu(mine), _on_cpu(local.get(COPIES, {}))), CommGroup.MP_GROUP)
    state: dict[int, Any] = {}
    copies: dict[str, Any] = {}
    for number in sorted({n for numbered, _ in everything for n in numbered}):
        holders = [(numbered[number], kept) for numbered, kept in everything if number in numbered]
        part = holders[0][0][1]
        join: Callable[[list[Any]], Any] = part.whole if part else (lambda same: same[0])
        values = [held for (held, _), _ in holders]
        if values[0] is not None:
            state[number] = _joined(values, join)
        if str(number) in holders[0][1]:
            copies[str(number)] = join([kept[str(number)] for _, kept in holders])
    found = {"state": state, "param_groups": local["param_groups"], PARTIAL: False}
    return found | {COPIES: copies} if copies else found


def load(parts: OptimizerParts, given: Mapping[str, Any]) -> None:
    """Put a state, partial or whole, into the optimizer.

    Raises SpecError for a part that belongs to another partition.
    """
    partial = bool(given.get(PARTIAL, False))
    if partial:
        _check_part(parts, given)
    if isinstance(parts.working, (Shards, Pieces)):
        if not partial:
            raise SpecError(
                "load_state_dict() with shard_optimizer_state: a whole state has no shares; load "
                "what local_state_dict() gave on this rank",
                argument="state_dict",
            )
        _put(parts, dict(given["state"]))
    else:
        local = [entry for group in parts.entries.groups() for entry in group]
        places = {place: _values_for(entry, given, parts) for place, entry in enumerate(local)}
        _put(parts, {place: values for place, values in places.items() if values is not None})
    _load_copies(parts, given.get(COPIES), partial)


def _check_part(parts: OptimizerParts, given: Mapping[str, Any]) -> None:
    numbers = {entry.number for entry in parts.entries if entry.local}
    missing = numbers - set(given.get(_NUMBERS, given["state"]))
    if missing:
        raise SpecError(
            f"the optimizer's state is partial and lacks parameters {sorted(missing)[:5]}... of "
            "this rank: it was saved with another partition; save and load the whole state_dict()",
            argument="state_dict",
        )
    mine = _shard(parts) if isinstance(parts.working, (Shards, Pieces)) else None
    if given.get(_SHARD) != mine:
        raise SpecError(
            f"the optimizer's state is that of the share {given.get(_SHARD)}, this rank has "
            f"{mine}: load it with as many replicas as saved it, rank by rank",
            argument="state_dict",
        )


def _shard(parts: OptimizerParts) -> dict[str, Any]:
    group, asked = parts.world.group("rdp"), parts.world.parameters
    # Shard groups are replicas of each other.
    count = asked.sharded_data_parallel_degree if asked.sharded else group.size
    sizes = [[t.numel() for t in targets] for targets in parts.working.groups()]
    return {"rank": group.rank % count, "size": count, "numel": sizes}


def _values_for(entry: Entry, given: Mapping[str, Any], parts: OptimizerParts) -> Any:
    values = given["state"].get(entry.number)
    part = slice_of(entry.parameter)
    if values is None or part is None or given.get(PARTIAL, False):
        return values
    group = parts.world.group("tp")
    whole = list(entry.parameter.shape)
    whole[part.axis] *= group.size
    return {
        name: part.of(value, group.rank, group.size)
        if isinstance(value, torch.Tensor) and list(value.shape) == whole
        else value
        for name, value in values.items()
    }


def _put(parts: OptimizerParts, state: dict[int, Any]) -> None:
    groups = parts.optimizer.state_dict()["param_groups"]
    parts.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _load_copies(parts: OptimizerParts, given: Mapping[str, Any] | None, partial: bool) -> None:
    if given is None:
        parts.working.refresh()
        return
    group = parts.world.group("tp")
    slices = {str(entry.number): slice_of(entry.parameter) for entry in parts.entries}
    with torch.no_grad():
        for key, copy in parts.working.copies().items():
            part = None if partial else slices.get(key)
            whole = given[key]
            copy.copy_(part.of(whole, group.rank, group.size) if part else whole)


def _joined(values: list[dict[str, Any]], join: Callable[[list[Any]], Any]) -> dict[str, Any]:
    """State of one parameter: what is as large as the parameter is put together, the rest equal."""
    return {
        name: join([held[name] for held in values])
        if isinstance(first, torch.Tensor) and first.dim() > 0
        else first
        for name, first in values[0].items()
    }


def _on_cpu(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(inner) for key, inner in value.items()}
    return tuple(map(_on_cpu, value)) if isinstance(value, tuple) else value
