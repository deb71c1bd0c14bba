"""Methods of tensors, storages and modules that take a device.

A move between devices copies, here as with real ones: ``x.cuda()`` leaves x alone, and ``x.cpu()``
keeps what x was when x is changed later. Parameters stay where they are, as they do in a module
that is moved. ``x.to(y.device)`` copies nothing.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.virtual_cuda.devices import CPU, index_of, is_virtual, on_cpu
from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap
from jupyter_sdt.runtime.virtual_cuda.tensor_types import (
    VirtualTensorType,
    with_cuda,
    without_cuda,
)


def install_tensors() -> None:
    """Replace the methods."""
    Tensor: Any = torch.Tensor  # noqa: N806 - a class, but for the type checker
    Tensor.cuda = _cuda
    Tensor.get_device = _get_device
    Tensor.record_stream = _record_stream
    Tensor.pin_memory = _pin_memory
    Tensor.is_cuda = property(_is_cuda)
    wrap(Tensor, "to", _to)
    wrap(Tensor, "cpu", _cpu)
    wrap(Tensor, "type", _type)
    for name in ("new", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros"):
        wrap(Tensor, name, _new)
    wrap(Tensor, "new_tensor", _new)
    for storage in (torch.UntypedStorage, torch.TypedStorage):
        storage.cuda = _storage_cuda  # type: ignore[method-assign]
    wrap(nn.Module, "to", _module_to)


def _cuda(
    self: torch.Tensor,
    device: Any = None,
    non_blocking: bool = False,  # noqa: ARG001 - torch's signature
    memory_format: Any = torch.preserve_format,
) -> torch.Tensor:
    """A copy of this tensor on a virtual device."""
    index_of(device)
    return _moved(self, memory_format)


def _moved(tensor: torch.Tensor, memory_format: Any = torch.preserve_format) -> torch.Tensor:
    """A copy, but for parameters: who moves a module goes on with the same ones."""
    if isinstance(tensor, nn.Parameter) or not tensor.is_cpu or tensor.layout != torch.strided:
        return tensor
    return tensor.clone(memory_format=memory_format)


def _to(original: Function) -> Function:
    def to(self: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        device = arguments[0] if arguments else options.get("device")
        if device is None or isinstance(device, (torch.dtype, torch.Tensor)):
            result: torch.Tensor = original(self, *arguments, **options)
            return result
        moves = device == "cpu" if isinstance(device, str) else False
        moves = moves or is_virtual(device)
        if arguments:
            arguments = (on_cpu(device), *arguments[1:])
        else:
            options["device"] = on_cpu(device)
        result = original(self, *arguments, **options)
        return _moved(result) if moves and result is self else result

    return to


def _cpu(original: Function) -> Function:
    def cpu(self: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        result: torch.Tensor = original(self, *arguments, **options)
        return _moved(result) if result is self else result

    return cpu


def _type(original: Function) -> Function:
    def type_(self: torch.Tensor, dtype: Any = None, *arguments: Any, **options: Any) -> Any:
        if dtype is None:
            return with_cuda(original(self)) if self.is_cpu else original(self)
        kind = without_cuda(dtype)
        result = original(self, kind, *arguments, **options)
        moves = isinstance(dtype, VirtualTensorType) or kind is not dtype
        return _moved(result) if moves and result is self else result

    return type_


def _new(original: Function) -> Function:
    def new(self: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        if "device" in options:
            options["device"] = on_cpu(options["device"])
        if "pin_memory" in options:
            options["pin_memory"] = False
        made: torch.Tensor = original(self, *arguments, **options)
        return made

    return new


def _module_to(original: Function) -> Function:
    def to(self: nn.Module, *arguments: Any, **options: Any) -> Any:
        # torch's own reading of a number asks for the accelerator that is not there.
        if arguments and isinstance(arguments[0], int):
            arguments = (torch.device("cuda", index_of(arguments[0])), *arguments[1:])
        if isinstance(options.get("device"), int):
            options["device"] = torch.device("cuda", index_of(options["device"]))
        return original(self, *arguments, **options)

    return to


def _is_cuda(self: torch.Tensor) -> bool:
    return self.device == CPU


def _get_device(self: torch.Tensor) -> int:
    return index_of() if self.is_cpu else -1


def _record_stream(self: torch.Tensor, stream: Any) -> None:
    """There is no other stream that could still use it."""


def _pin_memory(self: torch.Tensor, device: Any = None) -> torch.Tensor:  # noqa: ARG001 - torch's
    """A copy; all memory is as good."""
    return self.clone()


def _storage_cuda(self: Any, *_arguments: Any, **_options: Any) -> Any:
    """The storage itself: ``map_location`` functions ask for it."""
    return self
