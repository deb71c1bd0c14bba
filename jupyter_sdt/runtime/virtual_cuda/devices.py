"""Which virtual device is meant, which one is current, and device arguments made the CPU's."""

from __future__ import annotations

import threading
from typing import Any

import torch

from jupyter_sdt.runtime.virtual_cuda import virtual_device_count

CPU = torch.device("cpu")


class _Current(threading.local):
    """The current device, of each thread, as with CUDA."""

    index = 0


_current = _Current()


def on_cpu(device: Any) -> Any:
    """Where tensors for ``device`` really go: the CPU for "cuda", "cuda:1", 1 and torch.device.

    Anything else (None, "cpu", "meta", a dtype, a tensor) comes back as it is. Raises RuntimeError
    for a device that this node would not have.
    """
    if type(device) is torch.device:
        if device.type != "cuda":
            return device
        return CPU if device.index is None else _existing(device.index)
    if isinstance(device, str):
        return on_cpu(torch.device(device)) if device.startswith("cuda") else device
    if isinstance(device, int) and not isinstance(device, bool):
        return _existing(device)
    return device


def is_virtual(device: Any) -> bool:
    """Whether a device argument means a virtual device."""
    if isinstance(device, (torch.device, str)):
        return str(device).startswith("cuda")
    return isinstance(device, int) and not isinstance(device, bool)


def index_of(device: Any = None) -> int:
    """The number of a device given as None, 1, "1", "cuda:1" or torch.device.

    Without a number it is the current one; so it is for the CPU, since that is where a tensor says
    that it is. Raises RuntimeError for a device that this node would not have.
    """
    if isinstance(device, str) and device.isdecimal():
        device = int(device)
    if isinstance(device, str):
        device = torch.device(device)
    if isinstance(device, torch.device):
        device = device.index
    if device is None or device < 0:
        return _current.index
    _existing(device)
    return int(device)


def _existing(index: int) -> torch.device:
    if index >= virtual_device_count():
        raise RuntimeError(
            f"CUDA error: invalid device ordinal: cuda:{index}; this node has "
            f"{virtual_device_count()} virtual devices, one for each of its processes"
        )
    return CPU


# torch.cuda's own, under their names.


def is_available() -> bool:
    """True: this is what virtual CUDA is for."""
    return True


def device_count() -> int:
    """The node's virtual devices."""
    return virtual_device_count()


def current_device() -> int:
    """The number of the current device."""
    return _current.index


def set_device(device: Any) -> None:
    """Make a device the current one."""
    _current.index = index_of(device)


def init() -> None:
    """Nothing is left to initialise."""


def is_initialized() -> bool:
    """Always."""
    return True


def synchronize(device: Any = None) -> None:
    """Nothing is ever pending."""
    index_of(device)


def ipc_collect() -> None:
    """Nothing is shared."""


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Whether two devices are two."""
    return index_of(device) != index_of(peer_device)


def _exchange_device(device: int) -> int:
    """Make ``device`` current unless it is negative; returns the one before."""
    before = _current.index
    if device >= 0:
        _current.index = index_of(device)
    return before


def _maybe_exchange_device(device: int) -> int:
    """The same: there is no context that an exchange would create."""
    return _exchange_device(device)


def _lazy_init() -> None:
    """Nothing is left to initialise."""


def _lazy_call(callable: Any, **_kwargs: Any) -> None:  # noqa: A002 - torch's name for it
    """Call at once what would wait for the initialisation."""
    callable()


NAMES = (
    *("is_available", "device_count", "current_device", "set_device", "init", "is_initialized"),
    *("synchronize", "ipc_collect", "can_device_access_peer"),
    *("_exchange_device", "_maybe_exchange_device", "_lazy_init", "_lazy_call"),
)
