"""Averaging gradients over replicas, bucket by bucket, while backward still runs.

A bucket is complete when each of its parameters has got as many gradients as in the step before. It
is reduced then, in the background where the backend does that. More gradients after all make it
stale, and all replicas reduce it once more at the end: counting is a guess, results are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel import reduction
from jupyter_sdt.runtime.modelparallel.world import Group, World

CommHook = Callable[[Any, Any], torch.futures.Future[torch.Tensor]]


class GradientBucket:
    """What a communication hook gets: the methods of torch.distributed.GradBucket."""

    def __init__(self, bucket: Bucket, flat: torch.Tensor, *, index: int, last: bool) -> None:
        self._bucket, self._flat, self._index, self._last = bucket, flat, index, last

    def index(self) -> int:
        """Its number."""
        return self._index

    def is_last(self) -> bool:
        """Whether it is the last one of a step."""
        return self._last

    def buffer(self) -> torch.Tensor:
        """All gradients, one after the other."""
        return self._flat

    def set_buffer(self, tensor: torch.Tensor) -> None:
        """Put another tensor in its place."""
        self._flat = tensor

    def gradients(self) -> list[torch.Tensor]:
        """Views of the buffer, one for each parameter."""
        sizes = [p.numel() for p in self._bucket.parameters]
        parts = torch.split(self._flat, sizes)
        return [part.view(p.shape) for part, p in zip(parts, self._bucket.parameters, strict=True)]

    def parameters(self) -> list[torch.Tensor]:
        """Those that the gradients belong to."""
        return list(self._bucket.parameters)


@dataclass(slots=True, eq=False)
class Bucket:
    """Parameters of one dtype that the same ranks hold; ``missing`` await gradients."""

    group: Group
    parameters: list[torch.Tensor]
    missing: set[torch.Tensor] = field(default_factory=set)
    stale: bool = False
    wait: Callable[[], torch.Tensor] | None = None

    def flat(self) -> torch.Tensor:
        """Its gradients; zeros where there is none."""
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        return torch.cat([part.reshape(-1) for part in parts])


class Exchange:
    """The gradients of one rank; ``hook`` and ``state`` replace the mean over replicas.

    Without ``overlaps`` all buckets wait for the end of backward.
    """

    def __init__(self, world: World, bucket_bytes: int) -> None:
        self._world, self._bytes = world, bucket_bytes
        self._buckets: list[Bucket] = []
        self._bucket_of: dict[torch.Tensor, Bucket] = {}
        self._counts: Counter[torch.Tensor] = Counter()
        self._expected: dict[torch.Tensor, int] = {}
        self._hooks: list[Any] = []
        self._begun = 0
        self.hook: CommHook | None = None
        self.state: Any = None
        self.overlaps = True

    def average(self, parameters: Iterable[torch.Tensor]) -> None:
        """Replace each gradient by its mean over all replicas; one that nobody has stays None.

        A parameter that only some replicas used counts as zero on the others.
        """
        group = self._world.group("dp")
        wanted = [p for p in parameters if p.requires_grad and p.numel()]
        if group.size == 1 or not wanted:
            return
        if wanted[::-1] != list(self._bucket_of):
            self._arrange(wanted[::-1])
        self._begin_until(len(self._buckets))
        used = self._agreed(group)
        for bucket in self._buckets:
            means = bucket.wait() if bucket.wait else None
            if bucket.stale:
                means = self._begin(bucket)()
            _put_back(bucket, means, used)
        self._expect(dict(self._counts))

    def _arrange(self, parameters: list[torch.Tensor]) -> None:
        """Sort parameters, those that get their gradients first coming first, into buckets."""
        for hook in self._hooks:
            hook.remove()
        found = reduction.buckets(self._world, parameters, self._bytes)
        self._buckets = [Bucket(group, bucket) for group, bucket in found]
        owner = {p: bucket for bucket in self._buckets for p in bucket.parameters}
        self._bucket_of = {p: owner[p] for p in parameters if p in owner}
        register: Any = torch.Tensor.register_post_accumulate_grad_hook
        self._hooks = [register(p, self._got) for p in self._bucket_of]
        self._expect({})

    def _expect(self, counts: dict[torch.Tensor, int]) -> None:
        self._counts.clear()
        self._expected, self._begun = counts, 0
        for bucket in self._buckets:
            bucket.missing = {p for p in bucket.parameters if counts.get(p)}
            bucket.stale, bucket.wait = False, None

    def _got(self, parameter: torch.Tensor) -> None:
        """Take note of a gradient; begin with buckets that are complete, in their order."""
        self._counts[parameter] += 1
        bucket = self._bucket_of[parameter]
        bucket.stale = bucket.wait is not None
        if self.overlaps and self._counts[parameter] == self._expected.get(parameter):
            bucket.missing.discard(parameter)
            complete = self._begun
            while complete < len(self._buckets) and not self._buckets[complete].missing:
                complete += 1
            self._begin_until(complete)

    def _begin_until(self, number: int) -> None:
        for bucket in self._buckets[self._begun : number]:
            bucket.wait = self._begin(bucket)
        self._begun = max(self._begun, number)

    def _begin(self, bucket: Bucket) -> Callable[[], torch.Tensor]:
        """Begin with a reduction; return what waits for the means."""
        flat = bucket.flat()
        if self.hook is not None:
            index = self._buckets.index(bucket)
            given = GradientBucket(bucket, flat, index=index, last=bucket is self._buckets[-1])
            return self.hook(self.state, given).wait
        work = dist.all_reduce(flat, group=bucket.group.process_group, async_op=True)

        def mean() -> torch.Tensor:
            work.wait()
            return flat.div_(bucket.group.size)

        return mean

    def _agreed(self, group: Group) -> set[torch.Tensor]:
        """Agree on parameters that anybody used, and on buckets that are stale anywhere."""
        parameters = list(self._bucket_of)
        flags = [p.grad is not None for p in parameters] + [b.stale for b in self._buckets]
        box = torch.tensor(flags).int().to(parameters[0].device)
        dist.all_reduce(box, dist.ReduceOp.MAX, group=group.process_group)
        found = [bool(flag) for flag in box.tolist()]
        for bucket, stale in zip(self._buckets, found[len(parameters) :], strict=True):
            bucket.stale = stale
        return {p for p, flag in zip(parameters, found, strict=False) if flag}


def _put_back(bucket: Bucket, means: torch.Tensor | None, used: set[torch.Tensor]) -> None:
    assert means is not None
    parts = torch.split(means, [p.numel() for p in bucket.parameters])
    for parameter, part in zip(bucket.parameters, parts, strict=True):
        if parameter not in used:
            continue
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        parameter.grad.copy_(part.view(parameter.shape))
