"""Making replicas of a model equal at the start, and sorting tensors by who else holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of
from jupyter_sdt.runtime.modelparallel.world import Group, World


def replicas(world: World, tensor: torch.Tensor) -> Group:
    """The ranks that hold the same as ``tensor``: tensor peers do not share slices."""
    return world.group("dp" if slice_of(tensor) is None else "rdp")


def broadcast(world: World, tensors: Iterable[torch.Tensor], bucket_bytes: int) -> None:
    """Give ``tensors`` of all replicas the values of the first."""
    for group, bucket in buckets(world, tensors, bucket_bytes):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in bucket])
        dist.broadcast(flat, group.ranks[0], group=group.process_group)
        _copy_back(flat, [tensor.detach() for tensor in bucket])


def buckets(
    world: World, tensors: Iterable[torch.Tensor], bucket_bytes: int
) -> Iterator[tuple[Group, list[torch.Tensor]]]:
    """Tensors of one dtype and group, in order, about ``bucket_bytes`` together.

    Those that no other rank holds are left out.
    """
    sorted_tensors: dict[Any, list[torch.Tensor]] = {}
    for tensor in tensors:
        group = replicas(world, tensor)
        if group.size > 1 and tensor.numel():
            key = (tensor.dtype, tensor.device, group.name)
            sorted_tensors.setdefault(key, []).append(tensor)
    for (_, _, name), alike in sorted_tensors.items():
        for bucket in _filled(alike, bucket_bytes):
            yield world.group(name), bucket


def _filled(tensors: list[torch.Tensor], size: int) -> Iterator[list[torch.Tensor]]:
    bucket: list[torch.Tensor] = []
    room = size
    for tensor in tensors:
        if bucket and tensor.nbytes > room:
            yield bucket
            bucket, room = [], size
        bucket.append(tensor)
        room -= tensor.nbytes
    yield bucket


def _copy_back(flat: torch.Tensor, tensors: list[torch.Tensor]) -> None:
    parts: Callable[..., Any] = flat.split_with_sizes
    for part, tensor in zip(parts([t.numel() for t in tensors]), tensors, strict=True):
        tensor.copy_(part.view(tensor.shape))
