"""AllReduce of tensors that all ranks of the node see: each makes its part and writes it to all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import torch

from jupyter_sdt.runtime.dataparallel.arithmetic import Combine, fold
from jupyter_sdt.runtime.dataparallel.exchange import Exchange
from jupyter_sdt.runtime.dataparallel.parts import part_of

_BLOCK_BYTES = 512 * 1024  # what stays in a core's cache between its sum and its copies

# What travels between nodes at once, and how many of them wait for their turn.
_WIRE_BYTES, _WIRE_DEPTH = 2 << 20, 2

Start = Callable[[torch.Tensor], Callable[[], None]]


class InPlaceReduction:
    """AllReduce where the tensors lie; ``exchange`` says who takes part, and when all are done."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def all_reduce(self, views: Sequence[torch.Tensor], function: Combine, divisor: int) -> None:
        """Combine ``views``, the same elements of all ranks, where they lie in shared memory.

        Each rank makes a part, divides it and writes it to all. All ranks have met before, so that
        nobody still works on them.
        """
        for pieces in self._own(views, _BLOCK_BYTES):
            fold(function, pieces, pieces[0])
            if divisor > 1:
                pieces[0].div_(divisor)
            _spread(pieces)
        self._exchange.meet()

    def all_reduce_across(
        self, views: Sequence[torch.Tensor], function: Combine, start: Start
    ) -> None:
        """As :meth:`all_reduce`, with the other nodes' between combining and writing.

        ``start`` begins that for a piece; while it is on its way the next ones are combined.
        """
        under_way: deque[tuple[list[torch.Tensor], Callable[[], None]]] = deque()
        for pieces in self._own(views, _WIRE_BYTES):
            fold(function, pieces, pieces[0])
            under_way.append((pieces, start(pieces[0])))
            if len(under_way) > _WIRE_DEPTH:
                _arrive(*under_way.popleft())
        while under_way:
            _arrive(*under_way.popleft())
        self._exchange.meet()

    def _own(self, views: Sequence[torch.Tensor], block_bytes: int) -> Iterator[list[torch.Tensor]]:
        """The part of ``views`` that this rank makes, in blocks of so many bytes."""
        place = self._exchange.rank, self._exchange.ranks
        low, high = part_of(*place, views[0].numel(), views[0].element_size())
        block = block_bytes // views[0].element_size()
        for start in range(low, high, block):
            yield [view[start : min(start + block, high)] for view in views]


def _arrive(pieces: list[torch.Tensor], finish: Callable[[], None]) -> None:
    finish()
    _spread(pieces)


def _spread(pieces: list[torch.Tensor]) -> None:
    """Write the first of them to the others."""
    for piece in pieces[1:]:
        piece.copy_(pieces[0])
