"""The state of a model whose modules lie on several ranks: each rank's part, or the whole.

Every rank has the whole tree of modules, and the parameters and buffers of the local ones. Names
are those of the user's model on one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, allgather, gather
from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.sharding.pieces import divided_like, local, whole
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, slice_of
from jupyter_sdt.runtime.modelparallel.world import World

PARTIAL = "_smp_is_partial"
PARTITION, DEGREES = "_smp_partition", "_smp_degrees"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelParts:
    """The user's model, and which of its modules lie on this rank.

    ``stage_of`` gives the names of modules their stages, for those who load with the same
    partition.
    """

    module: nn.Module
    is_local: Callable[[nn.Module], bool]
    stage_of: Mapping[str, int]
    world: World

    def local_modules(self) -> Iterator[tuple[str, nn.Module]]:
        """Prefixes of names, and modules; one that has two names comes twice."""
        for name, module in self.module.named_modules(remove_duplicate=False):
            if self.is_local(module):
                yield f"{name}." if name else "", module


def local_state(parts: ModelParts) -> dict[str, Any]:
    """The parameters and buffers of this rank, marked as partial, with the partition they fit."""
    found: dict[str, Any] = {}
    for prefix, module in parts.local_modules():
        module._save_to_state_dict(found, prefix, keep_vars=False)
    found = {k: local(v) if isinstance(v, torch.Tensor) else v for k, v in found.items()}
    return found | {PARTIAL: True, PARTITION: dict(parts.stage_of), DEGREES: _degrees(parts.world)}


def whole_state(parts: ModelParts, *, gather_to_rank0: bool = False) -> dict[str, Any]:
    """The whole model's state on the CPU, in the order of its modules, from all its ranks.

    With ``gather_to_rank0`` the first rank of the model gets it, the others an empty dictionary.
    Every rank of the model calls it.
    """
    mine: dict[str, Any] = {}
    slices: dict[str, TensorSlice | None] = {}
    for prefix, module in parts.local_modules():
        module._save_to_state_dict(mine, prefix, keep_vars=False)
        slices |= {prefix + name: slice_of(tensor) for name, tensor in _own_tensors(module)}
    collect = gather if gather_to_rank0 else allgather
    everything = collect((_on_cpu(mine), slices), CommGroup.MP_GROUP)
    if everything is None:
        return {}
    found = {key for state, _ in everything for key in state}
    ordered = [key for key in _all_keys(parts.module) if key in found]
    return {key: _joined(key, everything) for key in dict.fromkeys([*ordered, *sorted(found)])}


def load(
    parts: ModelParts,
    given: Mapping[str, Any],
    *,
    strict: bool = True,
    same_partition_load: bool = False,
) -> tuple[list[str], list[str]]:
    """Copy a state, partial or whole, into the local modules; return missing and unexpected names.

    Raises SpecError for a part that was saved with other degrees, RuntimeError, as torch does, for
    other shapes and, with ``strict``, for names that are missing or too many.
    """
    partial = bool(given.get(PARTIAL, same_partition_load))
    check_degrees(given, parts.world)
    state = {key: value for key, value in given.items() if not key.startswith("_smp_")}
    missing: list[str] = []
    errors: list[str] = []
    for prefix, module in parts.local_modules():
        own = _own_state(module, prefix, state, None if partial else parts.world)
        module._load_from_state_dict(own, prefix, {}, True, missing, [], errors)
    missing = _without_tied(parts, missing)
    known = set(_all_keys(parts.module))
    unexpected = [key for key in state if key not in known]
    if strict and unexpected:
        errors.insert(0, f"Unexpected key(s) in state_dict: {', '.join(unexpected)}.")
    if strict and missing:
        errors.insert(0, f"Missing key(s) in state_dict: {', '.join(missing)}.")
    if errors:
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(parts.module).__name__}:\n\t"
            + "\n\t".join(errors)
        )
    if script.optimizer is not None:
        script.optimizer.refresh()
    return missing, unexpected


def check_degrees(given: Mapping[str, Any], world: World) -> None:
    """Raise SpecError when a partial state belongs to other degrees than those of ``world``."""
    saved, mine = given.get(DEGREES), _degrees(world)
    if saved is not None and saved != mine:
        told = [", ".join(f"{k}={v}" for k, v in d.items()) for d in (saved, mine)]
        raise SpecError(
            f"this state is one rank's part, saved with {told[0]}; this job has {told[1]}: to "
            "change degrees, save and load the whole with partial=False",
            argument="partial",
        )


def _without_tied(parts: ModelParts, missing: list[str]) -> list[str]:
    """The names in ``missing`` whose tensor was not loaded under another name either."""
    tensors = {
        prefix + name: tensor
        for prefix, module in parts.local_modules()
        for name, tensor in _own_tensors(module)
    }
    loaded = {id(tensor) for name, tensor in tensors.items() if name not in missing}
    return [name for name in missing if id(tensors.get(name)) not in loaded]


def _degrees(world: World) -> dict[str, int]:
    names = ["pipeline_parallel_degree", "tensor_parallel_degree"]
    names += ["sharded_data_parallel_degree"] if world.parameters.sharded else []
    return {name: getattr(world.parameters, name) for name in names}


def _own_tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    for tensors in (module._parameters, module._buffers):
        yield from ((name, tensor) for name, tensor in tensors.items() if tensor is not None)


def _own_state(
    module: nn.Module, prefix: str, state: Mapping[str, Any], world: World | None
) -> dict[str, Any]:
    """What of ``state`` belongs to one module; slices of it where that holds slices."""
    own = {
        key: value
        for key, value in state.items()
        if key.startswith(prefix) and "." not in key[len(prefix) :]
    }
    for name, tensor in _own_tensors(module):
        part = slice_of(tensor)
        if world is not None and part is not None and prefix + name in own:
            group = world.group("tp")
            own[prefix + name] = part.of(own[prefix + name], group.rank, group.size)
        if prefix + name in own:
            own[prefix + name] = divided_like(own[prefix + name], tensor)
    return own


def _all_keys(module: nn.Module) -> Iterator[str]:
    """Keys of the state of the whole model, on every rank, in torch's order."""
    for name, inner in module.named_modules(remove_duplicate=False):
        prefix = f"{name}." if name else ""
        yield from (prefix + key for key, value in inner._parameters.items() if value is not None)
        for key, value in inner._buffers.items():
            if value is not None and key not in inner._non_persistent_buffers_set:
                yield prefix + key
        if type(inner).get_extra_state is not nn.Module.get_extra_state:
            yield f"{prefix}_extra_state"


def _joined(key: str, everything: list[tuple[dict[str, Any], dict[str, Any]]]) -> Any:
    holders = [(state[key], slices.get(key)) for state, slices in everything if key in state]
    part = holders[0][1]
    return part.whole([value for value, _ in holders]) if part else holders[0][0]


def _on_cpu(state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: whole(value.detach()).cpu() if isinstance(value, torch.Tensor) else value
        for key, value in state.items()
    }
