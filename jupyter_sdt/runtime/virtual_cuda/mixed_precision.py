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
    wrap(autocast_mode.autocast, "__enter__", _entering)
    wrap(autocast_mode.autocast, "__exit__", _leaving)
    wrap(grad_scaler.GradScaler, "__init__", _scaler)
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
        # All tensors are on the CPU: what is said about the one goes for the other.
        self._virtual = device_type in {"cuda", "cpu"}

    return begin


def _entering(original: Function) -> Function:
    """What torch tells about autocast for "cuda" stays in step with what the CPU does."""

    def enter(self: Any) -> Any:
        if getattr(self, "_virtual", False):
            before = torch.is_autocast_enabled("cuda"), torch.get_autocast_dtype("cuda")
            self._before = [*getattr(self, "_before", ()), before]
            _tell(self._enabled, self.fast_dtype)
        return original(self)

    return enter


def _leaving(original: Function) -> Function:
    def leave(self: Any, *details: Any) -> Any:
        if getattr(self, "_virtual", False):
            _tell(*self._before.pop())
        return original(self, *details)

    return leave


def _tell(enabled: bool, dtype: torch.dtype) -> None:
    torch.set_autocast_enabled("cuda", enabled)
    torch.set_autocast_dtype("cuda", dtype)


def _scaler(original: Function) -> Function:
    def begin(self: Any, device: str = "cuda", *arguments: Any, **options: Any) -> None:
        original(self, _type_on_cpu(device), *arguments, **options)

    return begin


def _custom(original: Function) -> Function:
    signature = inspect.signature(original)

    def decorate(*arguments: Any, **options: Any) -> Any:
        given = signature.bind_partial(*arguments, **options)
        given.arguments["device_type"] = _type_on_cpu(given.arguments.get("device_type"))
        return original(*given.args, **given.kwargs)

    return decorate
