"""Making replicas of a model equal: parameters at the start, gradients after backward."""

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
    for group, bucket in _buckets(world, tensors, bucket_bytes):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in bucket])
        dist.broadcast(flat, group.ranks[0], group=group.process_group)
        _copy_back(flat, [tensor.detach() for tensor in bucket])


def average_gradients(world: World, parameters: Iterable[torch.Tensor], bucket_bytes: int) -> None:
    """Replace each gradient by its mean over all replicas; one that nobody has stays None.

    A parameter that only some replicas used counts as zero on the others.
    """
    wanted = [parameter for parameter in parameters if parameter.requires_grad]
    used = _used_anywhere(world, wanted)
    work = [_Reduction(group, bucket) for group, bucket in _buckets(world, used, bucket_bytes)]
    for reduction in work:
        reduction.finish()


class _Reduction:
    """The mean of some gradients, under way."""

    def __init__(self, group: Group, parameters: list[torch.Tensor]) -> None:
        self._group, self._parameters = group, parameters
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self._flat = torch.cat([_gradient(parameter).reshape(-1) for parameter in parameters])
        self._work: Any = dist.all_reduce(self._flat, group=group.process_group, async_op=True)

    def finish(self) -> None:
        """Wait, and put the means where the gradients were."""
        self._work.wait()
        self._flat.div_(self._group.size)
        _copy_back(self._flat, [_gradient(parameter) for parameter in self._parameters])


def _used_anywhere(world: World, parameters: list[torch.Tensor]) -> list[torch.Tensor]:
    group = world.group("dp")
    if group.size == 1 or not parameters:
        return []
    used = torch.tensor([parameter.grad is not None for parameter in parameters]).int()
    used = used.to(parameters[0].device)
    dist.all_reduce(used, dist.ReduceOp.MAX, group=group.process_group)
    flags = used.tolist()
    return [parameter for parameter, flag in zip(parameters, flags, strict=True) if flag]


def _buckets(
    world: World, tensors: Iterable[torch.Tensor], bucket_bytes: int
) -> Iterator[tuple[Group, list[torch.Tensor]]]:
    """Tensors of one dtype and group, in order, about ``bucket_bytes`` together."""
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


def _gradient(parameter: torch.Tensor) -> torch.Tensor:
    assert parameter.grad is not None
    return parameter.grad


def _copy_back(flat: torch.Tensor, tensors: list[torch.Tensor]) -> None:
    parts: Callable[..., Any] = flat.split_with_sizes
    for part, tensor in zip(parts([t.numel() for t in tensors]), tensors, strict=True):
        tensor.copy_(part.view(tensor.shape))
