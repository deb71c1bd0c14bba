"""torch.load: whatever device a tensor was saved from or is wanted on, it comes to the CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import serialization

from jupyter_sdt.runtime.virtual_cuda.devices import on_cpu
from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap


def install_loading() -> None:
    """Let ``map_location`` name virtual devices, and be left out for files of a GPU."""
    wrap(torch, "load", _load)
    serialization.load = torch.load


def _load(original: Function) -> Function:
    def load(f: Any, map_location: Any = None, *arguments: Any, **options: Any) -> Any:
        return original(f, _place(map_location), *arguments, **options)

    return load


def _place(map_location: Any) -> Any:
    # A function sees storages on the CPU, and may ask them for .cuda().
    if callable(map_location):
        return map_location
    return "cpu" if map_location is None or isinstance(map_location, dict) else on_cpu(map_location)
