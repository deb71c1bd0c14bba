"""Partial checkpoints: what each rank writes of model and optimizer, and reads again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial as bound
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.checkpoints import files, flat, sites
from jupyter_sdt.runtime.modelparallel.checkpoints.model_state import PARTITION, check_degrees
from jupyter_sdt.runtime.modelparallel.checkpoints.reading import load_model, read
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, allgather
from jupyter_sdt.runtime.modelparallel.script_state import state as script

_OWN_FILE = ("fp32_copies", "loss_scaler")  # of the optimizer's state: in fp16_states_*.pt


def states_to_write(model: Any, optimizer: Any) -> dict[str, Any]:
    """The files of this rank, by name; those that replicas have as well are written once.

    All ranks call it.
    """
    return _model_files(model) | ({} if optimizer is None else _optimizer_files(optimizer))


def write_all(folder: Path, states: Mapping[str, Any]) -> None:
    """Write each state to its file in ``folder``. Raises OSError when the disk is full."""
    for name, content in states.items():
        files.write(folder / name, bound(torch.save, content))


def load_part(folder: Path, *, strict: bool) -> None:
    """Give the model what this rank, or one with the same part, has written.

    Raises SpecError for other degrees, FileNotFoundError when there is no checkpoint.
    """
    first = folder / f"model_{files.part_name(first=True)}.pt"
    if not any(allgather(first.exists())):
        raise FileNotFoundError(f"there is no partial checkpoint {str(folder)!r}")
    if first.exists():
        # Of every rank, before files are looked for that other degrees do not have.
        known = torch.load(first, map_location="cpu", weights_only=False, mmap=True)
        check_degrees(known, world.current())
    state = dict(_read_replicas(folder, "model"))
    check_degrees(state, world.current())
    state.pop(flat.MODULE, None)
    script.partition_to_restore = state.get(PARTITION)
    load_model(state, strict=strict, same_partition=True)


def load_optimizer(folder: Path) -> None:
    """Give the optimizer what was written of it, or keep it for one that is yet to be made."""
    load = _read_own if script.cfg.shard_optimizer_state else _read_replicas
    state = dict(load(folder, "optimizer"))
    if script.cfg.half:
        # A checkpoint that was saved without has none: then copies are made of the parameters.
        state |= load(folder, "fp16_states") or {}
    for name in flat.OPTIMIZER:
        state.pop(name, None)
    if script.optimizer is None:
        script.optimizer_state_to_load = state
    else:
        script.optimizer.load_state_dict(state)


def _model_files(model: Any) -> dict[str, Any]:
    if files.is_copy():
        return {}
    more = flat.module_entry(model) if script.cfg.sharded else {}
    return {f"model_{files.part_name()}.pt": model.local_state_dict() | more}


def _optimizer_files(optimizer: Any) -> dict[str, Any]:
    shared_out = script.cfg.shard_optimizer_state
    if files.is_copy() and not shared_out:
        return {}
    state = dict(optimizer.local_state_dict())
    half = {name: state.pop(name) for name in _OWN_FILE if name in state}
    state |= flat.optimizer_entries(optimizer) if script.cfg.sharded else {}
    rank = files.rank_name(replica=True) if shared_out else files.part_name()
    return {f"optimizer_{rank}.pt": state} | ({f"fp16_states_{rank}.pt": half} if half else {})


def _read_replicas(folder: Path, kind: str) -> Any:
    """From this rank's disk, or from a rank with the same part whose disk has it."""
    path = folder / f"{kind}_{files.part_name()}.pt"
    needed = kind != "fp16_states"
    part = files.part_number()
    return sites.read_or_receive(path, CommGroup.RDP_GROUP, read, needed=needed, part=part)


def _read_own(folder: Path, kind: str) -> Any:
    path = folder / f"{kind}_{files.rank_name(replica=True)}.pt"
    lacking = [rank for rank, there in enumerate(allgather(path.exists())) if not there]
    if not lacking:
        return read(path)
    if kind == "fp16_states":
        return None
    raise SpecError(
        f"{str(folder)!r} has no {kind} state for the ranks {lacking}: with shard_optimizer_state "
        "every replica saves its own, so as many must resume; or begin a new optimizer state with "
        "load_optimizer=False",
        argument="load_optimizer",
    )
