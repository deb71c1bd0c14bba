"""Collectives over nodes and the ranks on them: within a node shared memory, between nodes gloo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch._C import _distributed_c10d as c10d

from jupyter_sdt.runtime.dataparallel.arithmetic import combine
from jupyter_sdt.runtime.dataparallel.meeting import PlacesDifferError
from jupyter_sdt.runtime.dataparallel.topology import Sharing

# gloo knows no bool; as bytes 0 and 1, these are its "or" and "and".
_OF_BOOLS = {
    dist.ReduceOp.SUM: dist.ReduceOp.MAX,
    dist.ReduceOp.PRODUCT: dist.ReduceOp.MIN,
}


class SharedCollectives:
    """What the ranks of one group do together. Every method blocks until it is done here.

    ``header`` describes the call; ranks compare theirs first. Raises CollectiveError.
    """

    def __init__(self, sharing: Sharing, size: int) -> None:
        self._sharing, self._size = sharing, size
        self._exchange, self._shared = sharing.exchange, sharing.tensors
        self._nodes = len(sharing.topology.nodes)

    def share(self, tensor: torch.Tensor) -> bool:
        """Move ``tensor`` of all ranks into shared memory. False where there is no room."""
        self._exchange.begin(f"shared memory of {tensor.nbytes} bytes")
        self._exchange.meet()
        return self._shared.adopt(tensor)

    def common(self, kinds: Sequence[torch.Tensor], copies: int) -> list[torch.Tensor] | None:
        """One tensor like each of ``kinds`` for all ranks of the node; None without room."""
        self._exchange.begin(f"one copy of {len(kinds)} tensors for the node")
        self._exchange.meet()
        return self._shared.common(kinds, copies)

    def meet_node(self) -> None:
        """Wait for the ranks of the node."""
        self._exchange.begin("optimizer step")
        self._exchange.meet()

    def expect(self, tensor: torch.Tensor) -> None:
        """Let ``tensor`` move into shared memory when it is reduced the next time.

        Only a tensor that is kept, and whose address nobody else has.
        """
        if not self._shared.place(tensor):
            self._shared.expect(tensor)

    def wish(self, tensors: Sequence[torch.Tensor]) -> str:
        """What to hand to :meth:`all_reduce`, asked when the script calls and not when it runs."""
        return self._shared.wish(tensors[0]) if len(tensors) == 1 else ""

    def all_reduce(
        self, tensors: Sequence[torch.Tensor], op: Any, header: str, wish: str = ""
    ) -> None:
        """Combine each tensor of all ranks, in place."""
        place = self._shared.place(tensors[0]) if len(tensors) == 1 else ""
        self._exchange.begin(header, place or wish)
        try:
            if place or wish:
                self._exchange.meet()
            if place or (wish and self._shared.adopt(tensors[0])):
                self._reduce_shared(tensors[0], op)
            else:
                self._reduce_private(tensors, op)
        except PlacesDifferError:
            self._exchange.begin(header)
            self._reduce_private(tensors, op)

    def _reduce_shared(self, tensor: torch.Tensor, op: Any) -> None:
        function = combine(op, tensor.dtype)
        assert function is not None  # who calls has looked

        def finish(part: torch.Tensor) -> None:
            if self._sharing.across is not None:
                self._across(part, op)
            if op == dist.ReduceOp.AVG:
                part.div_(self._size)

        self._exchange.all_reduce_in_place(self._shared.views(tensor), function, finish)

    def _reduce_private(self, tensors: Sequence[torch.Tensor], op: Any) -> None:
        for tensor in tensors:
            flat = _flat(tensor)
            self._reduce_flat(flat, op)
            _put_back(flat, tensor)
        self._exchange.end()

    def _reduce_flat(self, flat: torch.Tensor, op: Any) -> None:
        function = combine(op, flat.dtype)
        assert function is not None  # who calls has looked
        across = None if self._sharing.across is None else lambda part: self._across(part, op)
        self._exchange.all_reduce(flat, function, across)
        if op == dist.ReduceOp.AVG:
            flat.div_(self._size)

    def _across(self, part: torch.Tensor, op: Any) -> None:
        options: Any = c10d.AllreduceOptions()
        options.reduceOp = dist.ReduceOp.SUM if op == dist.ReduceOp.AVG else op
        if part.dtype == torch.bool:
            part, options.reduceOp = part.view(torch.uint8), _OF_BOOLS.get(op, op)
        self._sharing.across.allreduce([part], options).wait()

    def broadcast(self, tensor: torch.Tensor, root: int, header: str) -> None:
        """Copy rank ``root``'s tensor to all: once to each node, then within the nodes."""
        self._exchange.begin(header)
        node, local = self._sharing.topology.place(root)
        flat = _bytes(tensor)
        if self._sharing.across is not None:
            self._exchange.meet()  # agree before gloo, which would not notice
        if self._sharing.across is not None and local == self._sharing.topology.local:
            options: Any = c10d.BroadcastOptions()
            options.rootRank = node
            self._sharing.across.broadcast([flat], options).wait()
        self._exchange.broadcast(flat, local)
        self._exchange.end()
        _put_back(flat.view(tensor.dtype), tensor)

    def all_gather(
        self, outputs: Sequence[torch.Tensor], tensor: torch.Tensor, header: str
    ) -> None:
        """Copy every rank's tensor to ``outputs`` of all."""
        self._exchange.begin(header)
        mine, targets = _bytes(tensor), [_bytes(output) for output in outputs]
        if self._sharing.across is None:
            self._exchange.all_gather(targets, mine)
        else:
            self._exchange.meet()  # agree before gloo, which would not notice
            self._all_gather_across(targets, mine)
        for target, output in zip(targets, outputs, strict=True):
            _put_back(target.view(output.dtype), output)

    def _all_gather_across(self, targets: list[torch.Tensor], mine: torch.Tensor) -> None:
        nodes, ranks = self._sharing.topology.nodes, len(self._sharing.topology.nodes[0])
        peers = mine.new_empty((self._nodes, mine.numel()))
        self._sharing.across.allgather([list(peers)], [mine]).wait()
        found = mine.new_empty((ranks, self._nodes, mine.numel()))
        self._exchange.all_gather(list(found.view(ranks, -1)), peers.view(-1))
        for node, members in enumerate(nodes):
            for local, rank in enumerate(members):
                targets[rank].copy_(found[local, node])

    def reduce_scatter(
        self, output: torch.Tensor, inputs: Sequence[torch.Tensor], op: Any, header: str
    ) -> None:
        """Combine ``inputs[r]`` of all ranks into ``output`` of rank r. On one node only."""
        self._exchange.begin(header)
        flat, function = _flat(output), combine(op, output.dtype)
        assert function is not None  # who calls has looked
        self._exchange.reduce_scatter(flat, [_flat(tensor) for tensor in inputs], function)
        if op == dist.ReduceOp.AVG:
            flat.div_(self._size)
        _put_back(flat, output)

    def barrier(self) -> None:
        """Wait for all ranks."""
        self._exchange.begin("barrier")
        self._exchange.meet()
        if self._sharing.across is not None:
            self._sharing.across.barrier().wait()


def _flat(tensor: torch.Tensor) -> torch.Tensor:
    """One-dimensional and contiguous: a view where that is possible, else a copy."""
    return tensor.data.contiguous().view(-1)


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    return _flat(tensor).view(torch.uint8)


def _put_back(flat: torch.Tensor, tensor: torch.Tensor) -> None:
    if not tensor.is_contiguous():
        tensor.data.copy_(flat.view(tensor.shape))
