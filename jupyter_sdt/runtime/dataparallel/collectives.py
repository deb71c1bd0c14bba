"""Collectives over nodes and the ranks on them: within a node shared memory, between nodes gloo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch._C import _distributed_c10d as c10d

from jupyter_sdt.runtime.dataparallel.arithmetic import combine
from jupyter_sdt.runtime.dataparallel.in_place_reduction import InPlaceReduction
from jupyter_sdt.runtime.dataparallel.meeting import PlacesDifferError
from jupyter_sdt.runtime.dataparallel.slot_reduction import SlotReduction
from jupyter_sdt.runtime.dataparallel.topology import Sharing
from jupyter_sdt.runtime.dataparallel.wire import Wire

_SCRATCH_FROM, _SCRATCH_BYTES = 1 << 20, 64 << 20


class SharedCollectives:
    """What the ranks of one group do together. Every method blocks until it is done here.

    ``header`` describes the call; ranks compare theirs first. Raises CollectiveError.
    """

    def __init__(self, sharing: Sharing, size: int) -> None:
        self._sharing, self._size = sharing, size
        self._exchange, self._shared = sharing.exchange, sharing.tensors
        self._by_slots = SlotReduction(sharing.exchange)
        self._in_place = InPlaceReduction(sharing.exchange)
        self._nodes = len(sharing.topology.nodes)
        self._wire = None if sharing.across is None else Wire(sharing.across)
        self._scratch: torch.Tensor | None = None

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
        views = self._shared.views(tensor)
        if self._wire is not None:
            wire = self._wire
            self._in_place.all_reduce_across(views, function, lambda part: wire.start(part, op))
            if op == dist.ReduceOp.AVG:
                tensor.div_(self._size)
            return
        size = self._size if op == dist.ReduceOp.AVG else 1
        self._in_place.all_reduce(views, function, size)

    def _reduce_private(self, tensors: Sequence[torch.Tensor], op: Any) -> None:
        for tensor in tensors:
            flat = _flat(tensor)
            if self._wire is not None and flat.nbytes > _SCRATCH_FROM and self._has_scratch(flat):
                self._reduce_by_scratch(flat, op)
            else:
                self._reduce_flat(flat, op)
            _put_back(flat, tensor)
        self._exchange.end()

    def _has_scratch(self, flat: torch.Tensor) -> bool:
        """Whether there is shared memory through which the ranks of a node can pipeline."""
        size = min(1 << (flat.nbytes - 1).bit_length(), _SCRATCH_BYTES)
        if self._scratch is None or self._scratch.nbytes < size:
            made = torch.empty(size, dtype=torch.uint8)
            self._scratch = made if self._shared.adopt(made) else None
        return self._scratch is not None

    def _reduce_by_scratch(self, flat: torch.Tensor, op: Any) -> None:
        assert self._scratch is not None  # who calls has looked
        room = self._scratch.view(flat.dtype)
        for start in range(0, flat.numel(), room.numel()):
            piece = flat[start : start + room.numel()]
            used = room[: piece.numel()].copy_(piece)
            self._exchange.meet()
            self._reduce_shared(used, op)
            piece.copy_(used)

    def _reduce_flat(self, flat: torch.Tensor, op: Any) -> None:
        function = combine(op, flat.dtype)
        assert function is not None  # who calls has looked
        wire = self._wire
        across = None if wire is None else lambda part: wire.start(part, op)()
        self._by_slots.all_reduce(flat, function, across)
        if op == dist.ReduceOp.AVG:
            flat.div_(self._size)

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
    dense = tensor.data.contiguous()
    if dense.dim() == 1 and dense.stride(0) == 1:
        return dense
    # A single element may keep a stride that no view of its bytes would take.
    return dense.as_strided((dense.numel(),), (1,))


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    return _flat(tensor).view(torch.uint8)


def _put_back(flat: torch.Tensor, tensor: torch.Tensor) -> None:
    if not tensor.is_contiguous():
        tensor.data.copy_(flat.view(tensor.shape))
