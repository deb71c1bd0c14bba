"""Full checkpoints: the whole model in one file, whatever the degrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial as bound
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.checkpoints import files, sites
from jupyter_sdt.runtime.modelparallel.checkpoints.reading import load_model, read
from jupyter_sdt.runtime.modelparallel.hugging_face import weights_file
from jupyter_sdt.runtime.modelparallel.messages import CommGroup
from jupyter_sdt.runtime.modelparallel.script_state import state as script

Translate = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def save_whole(path: Path, model: Any, user_content: Any, *, translate: bool) -> None:
    """Write the whole ``model`` to ``path``, and the user's content beside it, on rank 0.

    With ``translate`` in Hugging Face's names, where modules were replaced.
    """
    state = _gathered(model)
    if translate and state:
        for to_huggingface, _ in script.module_manager.translate_functions:
            state = to_huggingface(state)

    def write() -> None:
        if world.current().rank == 0:
            # The user's part first: a tag with a model is complete.
            files.write(_user_content(path), bound(torch.save, user_content))
            files.write(path, bound(torch.save, state))

    sites.together(write, "saving a checkpoint")


def resume_whole(path: Path, translate: Translate | None, *, strict: bool) -> Any:
    """Load what :func:`save_whole` wrote, or Hugging Face, and return the user's content."""
    state = sites.read_or_receive(weights_file(path), CommGroup.WORLD, read)
    if translate is not None:
        state = translate(state)
    else:
        for _, from_huggingface in script.module_manager.translate_functions:
            state = from_huggingface(state)
    load_model(state, strict=strict)
    # Scripts and transformers also name a file that others have written, with nothing beside it.
    return sites.read_or_receive(_user_content(path), CommGroup.WORLD, read, needed=False)


def _user_content(path: Path) -> Path:
    return path.with_name(f"user_content_{path.name}")


def _gathered(model: Any) -> Mapping[str, Any]:
    """The whole model on rank 0; of replicas only the first takes part, unless they share it."""
    replica = world.current().group("rdp").rank
    if replica and not script.cfg.sharded:
        return {}
    state: Mapping[str, Any] = model.state_dict(gather_to_rank0=True)
    return {} if replica else state
