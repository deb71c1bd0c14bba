"""Checkpoints of a whole job: ``smp.save_checkpoint`` and ``smp.resume_from_checkpoint``.

::

    path/TAG_partial/model_0_0.pt        one for each stage and slice
                     optimizer_0_0.pt    with shard_optimizer_state one for each replica, too
                     fp16_states_0_0.pt  with fp16: fp32 copies and the loss scale
    path/TAG_partial/model_0.pt          of a sharded model one for each rank of a shard group
                     user_content.pt
    path/newest                          the tag of the last partial checkpoint
    path/TAG, path/user_content_TAG      a full checkpoint: the whole model

https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.checkpoints import files, parts, sites
from jupyter_sdt.runtime.modelparallel.checkpoints.reading import read
from jupyter_sdt.runtime.modelparallel.checkpoints.whole_model import (
    Translate,
    resume_whole,
    save_whole,
)
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, allgather, barrier
from jupyter_sdt.runtime.modelparallel.script_state import state as script


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
        save_whole(folder / tag, model, user_content, translate=translate_if_full)
        return
    states = parts.states_to_write(model, optimizer)
    staging = files.staging_folder(folder, tag)
    own = sites.prepare(staging, lambda: shutil.rmtree(staging, ignore_errors=True))
    if own:
        states["user_content.pt"] = user_content
    try:
        sites.together(lambda: parts.write_all(staging, states), "saving a checkpoint")
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
        return resume_whole(folder / tag, translate_function, strict=strict)
    inside = files.partial_folder(folder, tag)
    parts.load_part(inside, strict=strict)
    sharded = script.cfg.shard_optimizer_state
    if load_optimizer and (load_sharded_optimizer_state or not sharded):
        parts.load_optimizer(inside)
    return sites.read_or_receive(inside / "user_content.pt", CommGroup.WORLD, read)


def _check(tag: object, kept: int | None) -> None:
    right = isinstance(tag, str) and tag and not tag.startswith(".") and "/" not in tag
    if not right or tag == files.NEWEST:
        raise SpecError(
            f"tag={tag!r} must be the name of a file, such as 'step_100'", argument="tag"
        )
    if kept is not None and kept < 1:
        name = "num_kept_partial_checkpoints"
        raise SpecError(f"{name}={kept} must be at least 1, or None to keep all", argument=name)
