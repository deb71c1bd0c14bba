"""Reducing many arrays as one: packed into a buffer that lies in shared memory from then on."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from jupyter_sdt.compat._tensorflow.arrays import array_of, torch_dtype

# In place, on a contiguous tensor of one dimension.
Reduce = Callable[[torch.Tensor], Any]
# Tells that a buffer will come again.
Expect = Callable[[torch.Tensor], None]

_ALIGNMENT = 64  # bytes: TensorFlow takes over what begins there, and copies all else
_MOST_BUFFERS = 4


@dataclass(slots=True, eq=False)
class _Buffer:
    """A buffer, and whether somebody still holds the arrays that came out of it."""

    flat: torch.Tensor
    lent: Callable[[], Any] = field(default=lambda: None)

    @property
    def is_free(self) -> bool:
        return self.lent() is None


class Fusion:
    """Buffers for arrays of one dtype and of always the same ``shapes``.

    What :meth:`reduce` returns are views of a buffer. It is used again only when they are gone, so
    that nothing has to be copied where TensorFlow takes over memory as it is.
    """

    def __init__(self, kind: Any, shapes: Sequence[tuple[int, ...]]) -> None:
        self._kind, self._shapes = np.dtype(kind), list(shapes)
        step = _ALIGNMENT // self._kind.itemsize
        self._starts = [0]
        for shape in self._shapes:
            self._starts.append(self._starts[-1] + -(-math.prod(shape) // step) * step)
        self._buffers: list[_Buffer] = []

    def reduce(self, arrays: Sequence[Any], reduce: Reduce, expect: Expect) -> list[Any]:
        """Return what ``reduce`` makes of the arrays, all at once."""
        buffer = self._take()
        whole = array_of(buffer.flat, self._kind)
        for view, array in zip(self._views(whole), arrays, strict=True):
            view[...] = array
        del whole, view
        reduce(buffer.flat)
        if buffer in self._buffers:
            expect(buffer.flat)
        # Made anew: the buffer may have moved into shared memory.
        whole = array_of(buffer.flat, self._kind)
        buffer.lent = weakref.ref(_owner(whole))
        return self._views(whole)

    def _views(self, whole: Any) -> list[Any]:
        return [
            whole[start : start + math.prod(shape)].reshape(shape)
            for start, shape in zip(self._starts, self._shapes, strict=False)
        ]

    def _take(self) -> _Buffer:
        free = next((buffer for buffer in self._buffers if buffer.is_free), None)
        if free is not None:
            return free
        made = _Buffer(torch.zeros(self._starts[-1], dtype=torch_dtype(self._kind)))
        if len(self._buffers) < _MOST_BUFFERS:
            self._buffers.append(made)
        return made


def _owner(whole: Any) -> Any:
    """The array that views of ``whole`` keep alive; NumPy names the first of a chain of views."""
    return whole.base if isinstance(whole.base, np.ndarray) else whole
