"""Automatic mixed precision: autocast and GradScaler for "cuda" work on the CPU."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.amp import autocast_mode, grad_scaler
from torch.cuda.amp import common

from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap


def install_mixed_precision() -> None:
    """Let everything that names the device type "cuda" mean the CPU."""
    wrap(autocast_mode.autocast, "__init__", _autocast)
    wrap(grad_scaler.GradScaler, "__init__", _scaler)
    wrap(torch, "is_autocast_enabled", _enabled)
    wrap(torch, "get_autocast_dtype", _dtype)
    wrap(torch, "get_autocast_gpu_dtype", lambda _: lambda: torch.get_autocast_dtype("cuda"))
    for name in ("custom_fwd", "custom_bwd"):
        for module in (autocast_mode, torch.amp):
            wrap(module, name, _custom)
    wrap(common, "amp_definitely_not_available", lambda _: lambda: False)


def _type_on_cpu(device_type: Any) -> Any:
    return "cpu" if device_type == "cuda" else device_type


def _autocast(original: Function) -> Function:
    def begin(self: Any, device_type: str, dtype: Any = None, *rest: Any, **options: Any) -> None:
        # Without a dtype it is float16: what the script would compute in on a GPU.
        if device_type == "cuda" and dtype is None:
            dtype = torch.get_autocast_dtype("cuda")
        original(self, _type_on_cpu(device_type), dtype, *rest, **options)

    return begin


def _scaler(original: Function) -> Function:
    def begin(self: Any, device: str = "cuda", *arguments: Any, **options: Any) -> None:
        original(self, _type_on_cpu(device), *arguments, **options)

    return begin


def _enabled(original: Function) -> Function:
    def is_enabled(device_type: str = "cuda") -> bool:
        return bool(original(_type_on_cpu(device_type)))

    return is_enabled


def _dtype(original: Function) -> Function:
    def get_dtype(device_type: str) -> torch.dtype:
        inside = device_type == "cuda" and torch.is_autocast_enabled("cpu")
        dtype: torch.dtype = original("cpu" if inside else device_type)
        return dtype

    return get_dtype


def _custom(original: Function) -> Function:
    signature = inspect.signature(original)

    def decorate(*arguments: Any, **options: Any) -> Any:
        given = signature.bind_partial(*arguments, **options)
        given.arguments["device_type"] = _type_on_cpu(given.arguments.get("device_type"))
        return original(*given.args, **given.kwargs)

    return decorate
