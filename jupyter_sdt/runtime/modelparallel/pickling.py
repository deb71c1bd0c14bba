"""Objects as bytes between ranks: tensors travel without what they are only a view of."""

from __future__ import annotations

import io
import pickle
from typing import Any

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import world


def pack(thing: object) -> torch.Tensor:
    """Return ``thing`` pickled, as a tensor of bytes. Raises SpecError for what cannot be."""
    stream = io.BytesIO()
    try:
        _Pickler(stream, protocol=5).dump(thing)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SpecError(
            f"an object of type {type(thing).__name__} cannot be sent to other ranks: {error}",
            argument="obj",
        ) from error
    return torch.frombuffer(stream.getbuffer(), dtype=torch.uint8)


def unpack(content: torch.Tensor) -> Any:
    """Return what :func:`pack` was given; tensors of a GPU lie on this rank's device."""
    # The sender is a rank of the same job, which runs the same user's code.
    return pickle.loads(content.numpy().data)  # noqa: S301


class _Pickler(pickle.Pickler):
    """Sends a tensor's own elements, where torch would send the whole storage below a view."""

    def reducer_override(self, thing: Any) -> Any:
        if type(thing) is not torch.Tensor or thing.layout is not torch.strided:
            return NotImplemented
        if thing.device.type == "meta":
            return NotImplemented
        if thing.device.type != "cpu":
            return _to_own_device, (thing.detach().cpu(), thing.requires_grad)
        if thing.untyped_storage().nbytes() > thing.numel() * thing.element_size():
            return _as_it_was, (thing.detach().clone(), thing.requires_grad)
        return NotImplemented


def _to_own_device(tensor: torch.Tensor, requires_grad: bool) -> torch.Tensor:
    return tensor.to(world.current().device).requires_grad_(requires_grad)


def _as_it_was(tensor: torch.Tensor, requires_grad: bool) -> torch.Tensor:
    return tensor.requires_grad_(requires_grad)
