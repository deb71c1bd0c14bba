"""Checkpoints of a whole job: ``smp.save_checkpoint`` and ``smp.resume_from_checkpoint``.

::

    path/TAG_partial/model_0_0.pt        one for each stage and slice
                     optimizer_0_0.pt    with shard_optimizer_state one for each replica, too
                     fp16_states_0_0.pt  with fp16: fp32 copies and the loss scale
                     user_content.pt
    path/newest                          the tag of the last partial checkpoint
    path/TAG, path/user_content_TAG      a full checkpoint: the whole model

https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial as bound
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.checkpoints import files, sites
from jupyter_sdt.runtime.modelparallel.checkpoints.model_state import PARTITION, check_degrees
from jupyter_sdt.runtime.modelparallel.hugging_face import read_safetensors, weights_file
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, allgather, barrier
from jupyter_sdt.runtime.modelparallel.script_state import state as script

_OWN_FILE = ("fp32_copies", "loss_scaler")  # of the optimizer's state: in fp16_states_*.pt
Translate = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def save_checkpoint(
    path: str,
    tag: str,
    partial: bool = True,
    model: Any = None,
    optimizer: Any = None,
    user_content: Any = None,
    translate_if_full: bool = True,
    num_kept_partial_checkpoints: int | None = None,
) -> None:
    """Save the job's state; all ranks call it. ``model`` and ``optimizer`` are by default smp's.

    A partial checkpoint holds each rank's part of model and optimizer; a full one holds the whole
    model, in Hugging Face's names with ``translate_if_full`` where modules were replaced. An older
    checkpoint stays until the new one is complete. Raises SpecError for arguments that cannot be
    right, OSError on every rank whose disk is full, RuntimeStateError on the others.
    """
    folder = Path(files.check_path(path, "path"))
    _check(tag, num_kept_partial_checkpoints)
    model = script.model if model is None else model
    optimizer = script.optimizer if optimizer is None else optimizer
    if model is None:
        raise SpecError("model: there is no smp.DistributedModel to save", argument="model")
    if not partial:
        _save_full(folder, tag, _whole(model, translate_if_full), user_content)
        return
    states = _model_files(model) | _optimizer_files(optimizer)
    staging = files.staging_folder(folder, tag)
    own = sites.prepare(staging, lambda: shutil.rmtree(staging, ignore_errors=True))
    if own:
        states["user_content.pt"] = user_content
    try:
        sites.together(lambda: _write_all(staging, states), "saving a checkpoint")
    except BaseException:
        if own:
            shutil.rmtree(staging, ignore_errors=True)
        raise
    if own:
        files.publish(folder, tag)
        if num_kept_partial_checkpoints is not None:
            files.prune(folder, num_kept_partial_checkpoints)
    barrier()


def resume_from_checkpoint(
    path: str,
    tag: str | None = None,
    partial: bool = True,
    strict: bool = True,
    load_optimizer: bool = True,
    load_sharded_optimizer_state: bool = True,
    translate_function: Translate | None = None,
) -> Any:
    """Load the checkpoint ``tag``, or the newest, and return its user content; all ranks call it.

    Parameters are in place after the first step, or at once where the model is partitioned. A
    partial checkpoint brings its partition along and needs the same degrees; a full one fits any.
    Raises SpecError for other degrees, FileNotFoundError when there is no such checkpoint.
    """
    folder = Path(files.check_path(path, "path"))
    if world.current().local_rank == 0:
        files.recover(folder)
    barrier()
    tag = tag or allgather(files.newest_tag(folder, partial=partial))[0]
    if tag is None:
        kind = "partial" if partial else "full"
        raise FileNotFoundError(f"there is no {kind} checkpoint in {path!r}")
    if not partial:
        return _resume_full(folder, tag, translate_function, strict=strict)
    inside = files.partial_folder(folder, tag)
    _load_part(inside, strict=strict)
    sharded = script.cfg.shard_optimizer_state
    if load_optimizer and (load_sharded_optimizer_state or not sharded):
        _load_optimizer(inside)
    return sites.read_or_receive(inside / "user_content.pt", CommGroup.WORLD, _read)


def _check(tag: object, kept: int | None) -> None:
    right = isinstance(tag, str) and tag and not tag.startswith(".") and "/" not in tag
    if not right or tag == files.NEWEST:
        raise SpecError(
            f"tag={tag!r} must be the name of a file, such as 'step_100'", argument="tag"
        )
    if kept is not None and kept < 1:
        name = "num_kept_partial_checkpoints"
        raise SpecError(f"{name}={kept} must be at least 1, or None to keep all", argument=name)


def _model_files(model: Any) -> dict[str, Any]:
    sharded = script.cfg.sharded
    if world.current().group("rdp").rank and not sharded:
        return {}
    return {f"model_{files.rank_name(replica=sharded)}.pt": model.local_state_dict()}


def _optimizer_files(optimizer: Any) -> dict[str, Any]:
    sharded = script.cfg.shard_optimizer_state or script.cfg.sharded
    if optimizer is None or (world.current().group("rdp").rank and not sharded):
        return {}
    state = dict(optimizer.local_state_dict())
    half = {name: state.pop(name) for name in _OWN_FILE if name in state}
    rank = files.rank_name(replica=sharded)
    return {f"optimizer_{rank}.pt": state} | ({f"fp16_states_{rank}.pt": half} if half else {})


def _write_all(folder: Path, states: Mapping[str, Any]) -> None:
    for name, content in states.items():
        files.write(folder / name, bound(torch.save, content))


def _whole(model: Any, translate: bool) -> Mapping[str, Any]:
    """The whole model on rank 0; of replicas only the first takes part, unless they share it."""
    replica = world.current().group("rdp").rank
    if replica and not script.cfg.sharded:
        return {}
    state: Mapping[str, Any] = model.state_dict(gather_to_rank0=True)
    if replica:
        return {}
    if translate and state:
        for to_huggingface, _ in script.module_manager.translate_functions:
            state = to_huggingface(state)
    return state


def _save_full(folder: Path, tag: str, state: Mapping[str, Any], user_content: Any) -> None:
    def write() -> None:
        if world.current().rank == 0:
            # The user's part first: a tag with a model is complete.
            files.write(folder / f"user_content_{tag}", bound(torch.save, user_content))
            files.write(folder / tag, bound(torch.save, state))

    sites.together(write, "saving a checkpoint")


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    return torch.load(path, map_location="cpu", weights_only=False)


def _resume_full(folder: Path, tag: str, translate: Translate | None, *, strict: bool) -> Any:
    state = sites.read_or_receive(weights_file(folder / tag), CommGroup.WORLD, _read)
    if translate is not None:
        state = translate(state)
    else:
        for _, from_huggingface in script.module_manager.translate_functions:
            state = from_huggingface(state)
    _load_model(state, strict=strict)
    # Scripts and transformers also name a file that others have written, with nothing beside it.
    content = folder / f"user_content_{tag}"
    return sites.read_or_receive(content, CommGroup.WORLD, _read, needed=False)


def _load_model(state: Mapping[str, Any], *, strict: bool, same_partition: bool = False) -> None:
    def load() -> None:
        script.model.load_state_dict(state, strict=strict, same_partition_load=same_partition)

    if script.model is None:
        script.when_partitioned(load)
    else:
        load()


def _load_part(folder: Path, *, strict: bool) -> None:
    sharded = script.cfg.sharded
    first = folder / ("model_0_0_0.pt" if sharded else "model_0_0.pt")
    if not any(allgather(first.exists())):
        raise FileNotFoundError(f"there is no partial checkpoint {str(folder)!r}")
    if first.exists():
        # Of every rank, before files are looked for that other degrees do not have.
        known = torch.load(first, map_location="cpu", weights_only=False, mmap=True)
        check_degrees(known, world.current())
    if sharded:
        state = _read_share(folder, "model")
    else:
        name = f"model_{files.rank_name()}.pt"
        state = sites.read_or_receive(folder / name, CommGroup.RDP_GROUP, _read)
    check_degrees(state, world.current())
    script.partition_to_restore = state.get(PARTITION)
    _load_model(state, strict=strict, same_partition=True)


def _load_optimizer(folder: Path) -> None:
    shared = script.cfg.shard_optimizer_state or script.cfg.sharded
    read = _read_share if shared else _read_replicas
    state = dict(read(folder, "optimizer"))
    if script.cfg.fp16:
        # A checkpoint that was saved without has none: then copies are made of the parameters.
        state |= read(folder, "fp16_states") or {}
    if script.optimizer is None:
        script.optimizer_state_to_load = state
    else:
        script.optimizer.load_state_dict(state)


def _read_replicas(folder: Path, kind: str) -> Any:
    path = folder / f"{kind}_{files.rank_name()}.pt"
    needed = kind == "optimizer"
    return sites.read_or_receive(path, CommGroup.RDP_GROUP, _read, needed=needed)


def _read_share(folder: Path, kind: str) -> Any:
    path = folder / f"{kind}_{files.rank_name(replica=True)}.pt"
    lacking = [rank for rank, there in enumerate(allgather(path.exists())) if not there]
    if not lacking:
        return _read(path)
    if kind == "fp16_states":
        return None
    raise SpecError(
        f"{str(folder)!r} has no {kind} state for the ranks {lacking}: with shard_optimizer_state "
        "or sharded data parallelism every replica saves its own, so as many must resume; or begin "
        "a new optimizer state with load_optimizer=False",
        argument="load_optimizer",
    )
