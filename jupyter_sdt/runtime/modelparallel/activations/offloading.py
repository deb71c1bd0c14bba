"""Activations in the memory of the CPU between forward and backward.

On a GPU they are copied to pinned memory on a stream of its own, and back before backward needs
them. Where the model computes on the CPU they lie there already: nothing is copied.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import torch

from jupyter_sdt.runtime.modelparallel import world


class Mover(Protocol):
    """Copies between a device and the memory of the CPU."""

    def out(self, tensor: torch.Tensor) -> Any:
        """Begin to copy ``tensor`` to the CPU; return what :meth:`back` takes."""

    def back(self, host: Any) -> Any:
        """Begin to copy it back; return what :meth:`arrived` takes."""

    def arrived(self, tensor: Any) -> torch.Tensor:
        """Wait, and return the tensor on its device."""


class Kept:
    """An argument that backward will need: here, in the memory of the CPU, or on its way back."""

    def __init__(self, offloader: Offloader, tensor: torch.Tensor) -> None:
        self._offloader, self._here = offloader, tensor
        self._requires_grad = tensor.requires_grad
        self._mover: Mover | None = None
        self._host: Any = None
        self._coming: Any = None
        self.before: weakref.ref[Kept] | None = offloader.last

    def offload(self) -> None:
        """Give the memory of the device back."""
        self._mover = self._offloader.mover(self._here.device)
        self._host = self._mover.out(self._here.detach())
        del self._here

    def load(self) -> None:
        """Begin to copy back, unless that has begun."""
        if self._mover is not None and self._host is not None:
            self._coming, self._host = self._mover.back(self._host), None

    def value(self) -> torch.Tensor:
        """The tensor on its device; those that were kept before it are on their way."""
        if self._mover is None:
            return self._here
        self._offloader.load_ahead(self)
        self._here = self._mover.arrived(self._coming).requires_grad_(self._requires_grad)
        self._mover = self._coming = None
        return self._here


@dataclass(slots=True)
class Offloader:
    """Keeps tensors in the memory of the CPU, if ``on``.

    Backward goes through them in the opposite order: when one is needed, it and those before it
    are loaded, ``horizon`` in all. ``used`` says that some module was recomputed here, ``checked``
    that somebody has looked whether any was.
    """

    on: bool
    horizon: int
    movers: dict[torch.device, Mover] = field(default_factory=dict)
    last: weakref.ref[Kept] | None = None
    used: bool = False
    checked: bool = False

    def can_move(self, tensor: torch.Tensor) -> bool:
        """Whether ``tensor`` lies elsewhere than on the CPU."""
        return tensor.device in self.movers or tensor.device.type == "cuda"

    def keep(self, tensor: torch.Tensor) -> Kept:
        """Take ``tensor`` in; :meth:`Kept.offload` is called when forward is done with it."""
        kept = Kept(self, tensor)
        self.last = weakref.ref(kept)
        return kept

    def load_ahead(self, first: Kept) -> None:
        """Begin to load ``first`` and what backward needs after it."""
        wanted: Kept | None = first
        for _ in range(self.horizon):
            if wanted is None:
                return
            wanted.load()
            wanted = wanted.before() if wanted.before is not None else None

    def mover(self, device: torch.device) -> Mover:
        """What copies from ``device`` and back."""
        if device not in self.movers:
            self.movers[device] = CudaMover(device)
        return self.movers[device]


@dataclass(frozen=True, slots=True)
class _Arriving:
    tensor: torch.Tensor
    event: Any


class CudaMover:
    """Copies on a stream of its own, so that the GPU computes meanwhile."""

    def __init__(self, device: torch.device) -> None:
        make: Any = torch.cuda.Stream
        self._device, self._stream = device, make(device)

    def out(self, tensor: torch.Tensor) -> torch.Tensor:
        """Copy to pinned memory; the GPU's memory is free once the copy is done."""
        host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            host.copy_(tensor, non_blocking=True)
        tensor.record_stream(self._stream)
        return host

    def back(self, host: torch.Tensor) -> _Arriving:
        """Copy to the GPU; the stream keeps the order of the copy there and the one back."""
        with torch.cuda.stream(self._stream):
            tensor = host.to(self._device, non_blocking=True)
            return _Arriving(tensor, self._stream.record_event())

    def arrived(self, tensor: _Arriving) -> torch.Tensor:
        """Let the computation wait for the copy."""
        stream = torch.cuda.current_stream(self._device)
        stream.wait_event(tensor.event)
        tensor.tensor.record_stream(stream)
        return tensor.tensor


def offloader() -> Offloader:
    """The one of this rank, as the job's parameters ask for it; without a job one that is off."""
    return _asked_for() if world.is_started() else Offloader(on=False, horizon=0)


@cache
def _asked_for() -> Offloader:
    parameters = world.current().parameters
    return Offloader(parameters.offload_activations, parameters.activation_loading_horizon)
