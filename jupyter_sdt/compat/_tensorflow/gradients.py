"""The gradients of all ranks: dense ones in buckets of equal size, sparse ones row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch

from jupyter_sdt.compat._tensorflow.bridge import through_arrays, through_torch
from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.framework import tf
from jupyter_sdt.compat._tensorflow.fusion import Expect, Fusion, Reduce
from jupyter_sdt.runtime.modelparallel.partition.cuts import cut_evenly

BUCKET_BYTES = 25 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientReduction:
    """How gradients of all ranks become one, and what they are while they travel.

    ``reduce`` works in place, ``gather`` returns the rows of all ranks, which are divided by
    ``divisor``. Buckets hold about ``bucket_bytes``; each travels as soon as it is complete, while
    TensorFlow still computes the gradients of earlier layers.
    """

    reduce: Reduce
    gather: Callable[[torch.Tensor], torch.Tensor]
    expect: Expect
    divisor: int
    compression: Any = Compression.none
    sparse_as_dense: bool = False
    bucket_bytes: int = BUCKET_BYTES
    fusions: dict[Any, Fusion] = field(default_factory=dict)

    def __call__(self, gradients: Sequence[Any]) -> list[Any]:
        """Return the reduced gradients; None stays None, on all ranks alike."""
        results = [self._dense_or_sparse(gradient) for gradient in gradients]
        sparse = [n for n, g in enumerate(results) if isinstance(g, tf.IndexedSlices)]
        dense = [n for n, g in enumerate(results) if g is not None and n not in sparse]
        for bucket in self._buckets(results, dense):
            reduced = self._reduce_bucket([results[number] for number in bucket])
            for number, tensor in zip(bucket, reduced, strict=True):
                results[number] = tensor
        for number in sparse:
            results[number] = self._gather_slices(results[number])
        return results

    def _dense_or_sparse(self, gradient: Any) -> Any:
        is_sparse = isinstance(gradient, tf.IndexedSlices) and not self.sparse_as_dense
        return gradient if gradient is None or is_sparse else tf.convert_to_tensor(gradient)

    def _buckets(self, gradients: Sequence[Any], numbers: Sequence[int]) -> Iterator[list[int]]:
        """Numbers of gradients that travel together, the last layers' first."""
        kinds: dict[Any, list[int]] = {}
        for number in reversed(numbers):
            kinds.setdefault(gradients[number].dtype, []).append(number)
        for alike in kinds.values():
            sizes = [_bytes(gradients[number]) for number in alike]
            for start, end in buckets(sizes, self.bucket_bytes):
                yield alike[start:end]

    def _reduce_bucket(self, tensors: list[Any]) -> list[Any]:
        packed = [self.compression.compress(tensor) for tensor in tensors]
        reduced = through_arrays(
            self._reduce_arrays,
            [tensor for tensor, _ in packed],
            [tensor.dtype for tensor, _ in packed],
            [tensor.shape for tensor, _ in packed],
        )
        pairs = zip(reduced, packed, strict=True)
        return [self.compression.decompress(tensor, context) for tensor, (_, context) in pairs]

    def _reduce_arrays(self, arrays: list[Any]) -> list[Any]:
        shapes = tuple(array.shape for array in arrays)
        key = (arrays[0].dtype, shapes)
        if key not in self.fusions:
            self.fusions[key] = Fusion(arrays[0].dtype, shapes)
        return self.fusions[key].reduce(arrays, self.reduce, self.expect)

    def _gather_slices(self, gradient: Any) -> Any:
        values, indices = (
            through_torch(
                lambda tensors: [self.gather(tensors[0])],
                [tensor],
                [tensor.dtype],
                [[None, *tensor.shape[1:]]],
            )[0]
            for tensor in (gradient.values, gradient.indices)
        )
        if self.divisor > 1:
            values /= tf.cast(self.divisor, values.dtype)
        return tf.IndexedSlices(values, indices, gradient.dense_shape)


def buckets(sizes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Where gradients of these bytes are cut into buckets of equal size, about ``most`` each.

    Equal whatever the sizes of the layers, as in Herring (Thangakrishnan and others, SC 2020).
    """
    parts = min(max(-(-sum(sizes) // most), 1), len(sizes))
    yield from pairwise((0, *cut_evenly(sizes, [0] * len(sizes), parts), len(sizes)))


def _bytes(tensor: Any) -> int:
    return (tensor.shape.num_elements() or 0) * int(tensor.dtype.size)
