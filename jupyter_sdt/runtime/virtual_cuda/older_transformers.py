"""transformers before 4.36 wants a torch built for CUDA before it computes in bfloat16."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import torch

from jupyter_sdt.runtime.late_import import when_imported


def install_bf16_check() -> None:
    """Let it ask the devices, as newer versions do."""
    when_imported("transformers.utils.import_utils", _patch)


def _patch(module: ModuleType) -> None:
    names: dict[str, Any] = vars(module)
    asked = names.get("is_torch_bf16_gpu_available")
    if asked is not None and "torch.version.cuda" in inspect.getsource(asked):
        names["is_torch_bf16_gpu_available"] = torch.cuda.is_bf16_supported
