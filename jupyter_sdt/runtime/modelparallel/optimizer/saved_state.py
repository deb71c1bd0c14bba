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
from jupyter_sdt.runtime.modelparallel.sharding.pieces import divided_like, local, whole
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
    numbers = [entry.number for entry in _local_entries(parts)]
    found = {"param_groups": parts.entries.numbered_groups(), PARTIAL: True, _NUMBERS: numbers}
    if isinstance(parts.working, (Shards, Pieces)):
        found |= {"state": plain, _SHARD: _shard(parts)}
    else:
        found["state"] = {numbers[place]: values for place, values in plain.items()}
    copies = parts.working.copies()
    return found | {COPIES: copies} if copies else found


def whole_state(parts: OptimizerParts) -> dict[str, Any]:
    """The whole model's state, put together from all its ranks, on the CPU.

    Raises SpecError for state that ``shard_optimizer_state`` shares out: a whole is not defined.
    """
    if isinstance(parts.working, Shards):
        raise SpecError(
            "optimizer.state_dict() with shard_optimizer_state: each rank has a share only; save "
            "optimizer.local_state_dict() on every rank, or checkpoints with partial=True",
            argument="shard_optimizer_state",
        )
    mine = local_state(parts)
    if isinstance(parts.working, Pieces):
        mine |= _put_together(parts, mine)
    slices = {
        entry.number: (mine["state"].get(entry.number), slice_of(entry.parameter))
        for entry in _local_entries(parts)
    }
    everything = allgather((_on_cpu(slices), _on_cpu(mine.get(COPIES, {}))), CommGroup.MP_GROUP)
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
    found = {"state": state, "param_groups": mine["param_groups"], PARTIAL: False}
    return found | {COPIES: copies} if copies else found


def load(parts: OptimizerParts, given: Mapping[str, Any]) -> None:
    """Put a state, partial or whole, into the optimizer.

    Raises SpecError for a part that belongs to another partition.
    """
    partial = bool(given.get(PARTIAL, False))
    if partial:
        _check_part(parts, given)
    shared = isinstance(parts.working, (Shards, Pieces))
    if isinstance(parts.working, Shards) and not partial:
        raise SpecError(
            "load_state_dict() with shard_optimizer_state: a whole state has no shares; load "
            "what local_state_dict() gave on this rank",
            argument="state_dict",
        )
    if shared and partial:
        _put(parts, dict(given["state"]))
    else:
        entries = enumerate(_local_entries(parts))
        places = {place: _values_for(entry, given, parts) for place, entry in entries}
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
    if values is None or given.get(PARTIAL, False):
        return values
    group = parts.world.group("tp")
    shape = list(entry.parameter.shape)
    if part is not None:
        shape[part.axis] *= group.size

    def mine(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or list(value.shape) != shape:
            return value
        held = value if part is None else part.of(value, group.rank, group.size)
        return local(divided_like(held, entry.parameter))

    return {name: mine(value) for name, value in values.items()}


def _put_together(parts: OptimizerParts, mine: Mapping[str, Any]) -> dict[str, Any]:
    """State and copies of a sharded model, whole. The ranks that hold it call this together."""
    entries = _local_entries(parts)

    def joined(value: Any, parameter: torch.Tensor) -> Any:
        piece = isinstance(value, torch.Tensor) and value.shape == local(parameter).shape
        return whole(divided_like(value, parameter)) if piece else value

    state = {
        entry.number: {n: joined(v, entry.parameter) for n, v in mine["state"][place].items()}
        for place, entry in enumerate(entries)
        if place in mine["state"]
    }
    copies = {k: joined(v, entries[int(k)].parameter) for k, v in mine.get(COPIES, {}).items()}
    return {"state": state} | ({COPIES: copies} if copies else {})


def _local_entries(parts: OptimizerParts) -> list[Entry]:
    return [entry for group in parts.entries.groups() for entry in group]


def _put(parts: OptimizerParts, state: dict[int, Any]) -> None:
    groups = parts.optimizer.state_dict()["param_groups"]
    parts.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _load_copies(parts: OptimizerParts, given: Mapping[str, Any] | None, partial: bool) -> None:
    if given is None:
        parts.working.refresh()
        return
    group = parts.world.group("tp")
    parameters = {str(entry.number): entry.parameter for entry in parts.entries}
    with torch.no_grad():
        for key, copy in parts.working.copies().items():
            part = None if partial else slice_of(parameters[key])
            value = part.of(given[key], group.rank, group.size) if part else given[key]
            copy.copy_(local(divided_like(value, parameters[key])))


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
