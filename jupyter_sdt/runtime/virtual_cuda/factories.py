"""Functions of torch that make tensors on a device, and where a default device is set."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch.utils import _device

from jupyter_sdt.runtime.virtual_cuda.devices import is_virtual, on_cpu
from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap
from jupyter_sdt.runtime.virtual_cuda.tensor_types import without_cuda

_LIKE = ("empty", "full", "ones", "rand", "randint", "randn", "zeros")
_FACTORIES = (
    *("arange", "empty", "empty_permuted", "empty_quantized", "empty_strided", "eye", "from_file"),
    *("full", "linspace", "logspace", "normal", "ones", "rand", "randint", "randn", "randperm"),
    *("range", "scalar_tensor", "tensor", "tril_indices", "triu_indices", "zeros"),
    *("bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"),
    *(f"sparse_{kind}_tensor" for kind in ("bsc", "bsr", "compressed", "coo", "csc", "csr")),
    *(f"{name}_like" for name in _LIKE),
)
# These may hand out the memory they are given; a real device would hold a copy.
_SHARING = ("as_tensor", "asarray")


def install_factories() -> None:
    """Let every factory take a virtual device, and ``pin_memory``, which means nothing here."""
    _device._device_constructors()  # remembers torch's own functions: what modes go by
    for name in _FACTORIES:
        wrap(torch, name, _placing)
    for name in _SHARING:
        wrap(torch, name, _copying)
    modules: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
        (torch.fft, ("fftfreq", "rfftfreq")),
        (torch.nested, ("nested_tensor", "as_nested_tensor")),
    )
    for module, names in modules:
        for name in names:
            wrap(module, name, _placing)
    wrap(_device.DeviceContext, "__init__", _device_context)
    wrap(torch, "set_default_tensor_type", _default_type)


def _placing(original: Function) -> Function:
    def factory(*arguments: Any, **options: Any) -> Any:
        if "device" in options:
            options["device"] = on_cpu(options["device"])
        if "pin_memory" in options:
            options["pin_memory"] = False
        return original(*arguments, **options)

    return factory


def _copying(original: Function) -> Function:
    def factory(*arguments: Any, **options: Any) -> Any:
        device = options.get("device")
        if not is_virtual(device):
            return original(*arguments, **options)
        options["device"] = on_cpu(device)
        return original(*arguments, **options).clone()

    return factory


def _device_context(original: Function) -> Function:
    def begin(context: Any, device: Any) -> None:
        original(context, on_cpu(device))

    return begin


def _default_type(original: Function) -> Function:
    def set_default(kind: Any) -> None:
        original(without_cuda(kind))

    return set_default
