"""Gradients end to end in memory that the ranks of a node see, cut in buffers of one size."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel.allocation import shared_zeros
from jupyter_sdt.runtime.dataparallel.segment import LINE


class FusionBuffers:
    """``numel`` gradients of one dtype, in buffers of equal size and at most ``limit`` bytes.

    They are filled in the order in which backward makes gradients. A buffer begins and ends where
    the sizes say, and not where a layer does: a gradient may lie in two of them. Balanced fusion
    buffers are Herring's idea (Thangakrishnan and others, SC 2020). All ranks of ``group`` make
    them together.
    """

    def __init__(
        self, numel: int, dtype: torch.dtype, limit: int, group: dist.ProcessGroup | None
    ) -> None:
        self.flat = shared_zeros(numel, dtype=dtype, group=group)
        count = max(1, -(-self.flat.nbytes // limit))
        line = max(1, LINE // dtype.itemsize)
        self._size = -(-numel // (count * line)) * line
        self._filled = self._taken = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been filled since :meth:`empty`."""
        return not self._filled

    def empty(self) -> None:
        """Begin anew."""
        self._filled = self._taken = 0

    def is_next(self, gradients: torch.Tensor) -> bool:
        """Whether ``gradients`` already lie where the next ones have their place."""
        return gradients.data_ptr() == self.flat[self._filled :].data_ptr()

    def fill(self, numel: int) -> torch.Tensor:
        """The place of the next ``numel`` gradients, which count as there from now on."""
        start, self._filled = self._filled, self._filled + numel
        return self.flat[start : self._filled]

    def full(self) -> Iterator[torch.Tensor]:
        """The buffers that have become full since the last time."""
        while self._taken < self._filled:
            end = min(self._taken + self._size, self.flat.numel())
            if end > self._filled:
                return
            start, self._taken = self._taken, end
            yield self.flat[start:end]
