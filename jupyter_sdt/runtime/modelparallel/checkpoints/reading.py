"""Reading files of checkpoints, and giving models what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.hugging_face import read_safetensors
from jupyter_sdt.runtime.modelparallel.script_state import state as script


def read(path: Path) -> Any:
    """What a file holds, on the CPU; it may be any object, so it must come from a friend."""
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    return torch.load(path, map_location="cpu", weights_only=False)


def load_model(state: Mapping[str, Any], *, strict: bool, same_partition: bool = False) -> None:
    """Load a state into the script's model, as soon as there is one."""

    def load() -> None:
        script.model.load_state_dict(state, strict=strict, same_partition_load=same_partition)

    if script.model is None:
        script.when_partitioned(load)
    else:
        load()
