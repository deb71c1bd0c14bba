"""Reducing gradients while ``backward`` still computes others.

Gradients travel in buckets of about 25 MB, in the reverse order of the parameters. Buckets start
strictly in that order, because all ranks must communicate in the same order, and what a rank has
no gradient for counts as zero. Sparse gradients travel row by row when all others are under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import torch

from jupyter_sdt.runtime.dataparallel import expect

from ..common.exceptions import HorovodInternalError
from .compression import Compressor
from .handles import wait
from .reduction import Reduction
from .sparse import sparse_allreduce_async

_BUCKET_BYTES = 25 * 2**20


@dataclass(slots=True)
class _Bucket:
    parameters: list[torch.Tensor] = field(default_factory=list)
    arrived: int = 0
    flat: torch.Tensor | None = None  # kept from step to step
    contexts: list[Any] = field(default_factory=list)
    work: Any = None
    # Of the parameters, those whose gradients travel in ``flat`` this time, and row by row.
    dense: list[torch.Tensor] = field(default_factory=list)
    sparse: list[torch.Tensor] = field(default_factory=list)

    def accepts(self, parameter: torch.Tensor) -> bool:
        """Whether ``parameter`` is of the bucket's kind and there is room."""
        if not self.parameters:
            return True
        first = self.parameters[0]
        size = sum(other.numel() for other in self.parameters) * first.element_size()
        kind = (parameter.dtype, parameter.device) == (first.dtype, first.device)
        return kind and size < _BUCKET_BYTES


class GradientReducer:
    """Reduces the gradients of ``parameters`` each time ``passes`` backward passes are over."""

    def __init__(
        self,
        parameters: Sequence[torch.Tensor],
        reduction: Reduction,
        compression: type[Compressor],
        *,
        passes: int,
        sparse_as_dense: bool,
    ) -> None:
        self.passes = passes
        self._reduction, self._compression = reduction, compression
        self._sparse_as_dense = sparse_as_dense
        self._buckets: list[_Bucket] = []
        self._home: dict[torch.Tensor, _Bucket] = {}
        self._remaining: dict[torch.Tensor, int] = {}
        self._started = 0
        self.watch(parameters)

    @property
    def under_way(self) -> bool:
        """Whether gradients arrived that no :meth:`finish` has waited for."""
        return any(bucket.arrived for bucket in self._buckets)

    def watch(self, parameters: Iterable[torch.Tensor]) -> None:
        """Reduce the gradients of these parameters, too."""
        for parameter in reversed(list(parameters)):
            if not self._buckets or not self._buckets[-1].accepts(parameter):
                self._buckets.append(_Bucket())
            self._buckets[-1].parameters.append(parameter)
            self._home[parameter] = self._buckets[-1]
            self._remaining[parameter] = self.passes
            parameter.register_post_accumulate_grad_hook(  # type: ignore[no-untyped-call]
                self._on_gradient
            )

    def finish(self) -> None:
        """Leave the reduced gradients in ``.grad``, also of parameters without a gradient."""
        self._start(self._buckets)
        for bucket in self._buckets:
            wait(bucket.work)
            self._write_back(bucket)
        self._reduce_sparse([p for bucket in self._buckets for p in bucket.sparse])
        self.reset()

    def abandon(self) -> None:
        """Forget gradients on their way, whether they arrive or not."""
        for bucket in self._buckets[: self._started]:
            with suppress(HorovodInternalError):
                wait(bucket.work)
        self.reset()

    def reset(self) -> None:
        """Begin to count backward passes anew."""
        self._started = 0
        self._remaining = dict.fromkeys(self._remaining, self.passes)
        for bucket in self._buckets:
            bucket.arrived, bucket.work = 0, None

    def _on_gradient(self, parameter: torch.Tensor) -> None:
        self._remaining[parameter] -= 1
        if self._remaining[parameter] < 0:
            raise AssertionError(
                f"more than backward_passes_per_step={self.passes} backward passes before step(): "
                "give DistributedOptimizer a larger backward_passes_per_step"
            )
        if self._remaining[parameter] == 0:
            self._home[parameter].arrived += 1
            self._start(self._complete())

    def _complete(self) -> list[_Bucket]:
        """The buckets from the front that have all their gradients."""
        for number, bucket in enumerate(self._buckets):
            if bucket.arrived < len(bucket.parameters):
                return self._buckets[:number]
        return self._buckets

    def _start(self, until: Sequence[_Bucket]) -> None:
        for bucket in until[self._started :]:
            bucket.dense = [p for p in bucket.parameters if not self._stays_sparse(p)]
            bucket.sparse = [p for p in bucket.parameters if self._stays_sparse(p)]
            if bucket.dense:
                bucket.work = self._reduction.start(self._pack(bucket))
            self._started += 1

    def _stays_sparse(self, parameter: torch.Tensor) -> bool:
        gradient = parameter.grad
        return gradient is not None and gradient.is_sparse and not self._sparse_as_dense

    def _pack(self, bucket: _Bucket) -> torch.Tensor:
        packed = [self._compression.compress(self._gradient(p)) for p in bucket.dense]
        bucket.contexts = [context for _, context in packed]
        flat = [tensor.reshape(-1) for tensor, _ in packed]
        kind = flat[0].dtype, sum(tensor.numel() for tensor in flat)
        if bucket.flat is None or (bucket.flat.dtype, bucket.flat.numel()) != kind:
            bucket.flat = torch.cat(flat)
        else:
            torch.cat(flat, out=bucket.flat)
        # From the second step on it lies in shared memory, where that is possible.
        expect(bucket.flat, self._reduction.process_set.group)
        return bucket.flat

    @staticmethod
    def _gradient(parameter: torch.Tensor) -> torch.Tensor:
        if parameter.grad is None:
            return torch.zeros_like(parameter)
        if parameter.grad.layout != torch.strided:
            parameter.grad = parameter.grad.to_dense()
        return parameter.grad.detach()

    def _write_back(self, bucket: _Bucket) -> None:
        if not bucket.dense:
            return
        assert bucket.flat is not None  # it has been packed
        self._reduction.finish(bucket.flat)
        parts = torch.split(bucket.flat, [parameter.numel() for parameter in bucket.dense])
        for parameter, part, context in zip(bucket.dense, parts, bucket.contexts, strict=True):
            reduced = self._compression.decompress(part, context).view(parameter.shape)
            if parameter.grad is None:
                parameter.grad = reduced.clone()
            else:
                parameter.grad.copy_(reduced)

    def _reduce_sparse(self, parameters: Iterable[torch.Tensor]) -> None:
        op, process_set = self._reduction.op, self._reduction.process_set
        begun = [
            (p, sparse_allreduce_async(cast("torch.Tensor", p.grad), None, op, process_set))
            for p in parameters
        ]
        for parameter, finish in begun:
            parameter.grad = finish()
