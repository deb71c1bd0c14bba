"""torch.cuda.comm, as scatter and replicate of torch.nn.parallel use it: devices share a memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

Tensors = Sequence[torch.Tensor]


# torch's own, under their names. Every device gets a copy, as it would of its own memory.


def broadcast(
    tensor: torch.Tensor, devices: Sequence[Any] | None = None, *, out: Tensors | None = None
) -> tuple[torch.Tensor, ...]:
    """One copy of ``tensor`` for each of ``devices``, or in each of ``out``."""
    return _filled([tensor] * len(devices or out or ()), out)


def broadcast_coalesced(
    tensors: Tensors,
    devices: Sequence[Any],
    buffer_size: int = 0,  # noqa: ARG001 - torch's signature
) -> list[list[torch.Tensor]]:
    """Copies of all ``tensors``, for each of ``devices``."""
    return [[tensor.clone() for tensor in tensors] for _ in devices]


def reduce_add(inputs: Tensors, destination: Any = None) -> torch.Tensor:  # noqa: ARG001 - torch's
    """The sum of tensors of all devices."""
    return torch.stack(tuple(inputs)).sum(0)


def reduce_add_coalesced(
    inputs: Sequence[Tensors],
    destination: Any = None,  # noqa: ARG001 - torch's signature
    buffer_size: int = 0,  # noqa: ARG001
) -> tuple[torch.Tensor, ...]:
    """The sums of the tensors that devices have in the same place."""
    return tuple(reduce_add(alike) for alike in zip(*inputs, strict=True))


def scatter(
    tensor: torch.Tensor,
    devices: Sequence[Any] | None = None,
    chunk_sizes: Sequence[int] | None = None,
    dim: int = 0,
    streams: Any = None,  # noqa: ARG001 - torch's signature
    *,
    out: Tensors | None = None,
) -> tuple[torch.Tensor, ...]:
    """``tensor`` cut along ``dim`` into equal chunks, one for each device, or as it is said."""
    if out is not None:
        chunk_sizes = [part.shape[dim] for part in out]
    if chunk_sizes is None:
        return _filled(tensor.chunk(len(devices or ()), dim), None)
    return _filled(torch.split_with_sizes(tensor, list(chunk_sizes), dim), out)


def gather(
    tensors: Tensors,
    dim: int = 0,
    destination: Any = None,  # noqa: ARG001 - torch's signature
    *,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """The tensors of all devices, one after the other along ``dim``."""
    return torch.cat(tuple(tensors), dim, out=out)


class Gather:
    """What torch.nn.parallel.gather applies, with gradients."""

    @staticmethod
    def apply(_device: Any, dim: int, *inputs: torch.Tensor) -> torch.Tensor:
        """The tensors of all devices along ``dim``; numbers become a vector."""
        return gather([part if part.dim() else part[None] for part in inputs], dim)


def _filled(parts: Tensors, out: Tensors | None) -> tuple[torch.Tensor, ...]:
    if out is None:
        return tuple(part.clone() for part in parts)
    return tuple(place.copy_(part) for place, part in zip(out, parts, strict=True))


NAMES = (
    *("broadcast", "broadcast_coalesced", "reduce_add", "reduce_add_coalesced"),
    *("scatter", "gather"),
)
