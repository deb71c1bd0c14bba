"""Optimizer state divided among the replicas of a slice (ZeRO stage 1).

Rajbhandari et al., ZeRO: Memory Optimizations Toward Training Trillion Parameter Models, arXiv
1910.02054, section 5.1: every rank updates its share, then all gather the others'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel.optimizer.working import Groups
from jupyter_sdt.runtime.modelparallel.tensor_slices import mark_alike
from jupyter_sdt.runtime.modelparallel.world import Group

# torch 2.13 warns of the older name.
_GATHER = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatLayout:
    """Where each tensor begins in one flat buffer of ``ranks`` equal segments, in elements."""

    offsets: tuple[int, ...]
    segment: int
    ranks: int

    @classmethod
    def contiguous(cls, sizes: Sequence[int], ranks: int) -> FlatLayout:
        """One after the other; a segment may end inside a tensor. At most ``ranks - 1`` unused."""
        ends = list(accumulate(sizes, initial=0))
        return cls(offsets=tuple(ends[:-1]), segment=-(-ends[-1] // ranks), ranks=ranks)

    @classmethod
    def whole_tensors(cls, sizes: Sequence[int], ranks: int) -> FlatLayout:
        """Each tensor in one segment, the largest first where there is most room."""
        loads = [0] * ranks
        places = {}
        for number in sorted(range(len(sizes)), key=lambda n: -sizes[n]):
            rank = loads.index(min(loads))
            places[number] = (rank, loads[rank])
            loads[rank] += sizes[number]
        segment = max(loads)
        offsets = (places[n][0] * segment + places[n][1] for n in range(len(sizes)))
        return cls(offsets=tuple(offsets), segment=segment, ranks=ranks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Elements ``start`` to ``stop`` of a parameter: those from ``at`` on of ``target``."""

    parameter: torch.Tensor
    start: int
    stop: int
    target: torch.Tensor
    at: int

    def of_target(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.view(-1)[self.at : self.at + self.stop - self.start]


class Bucket:
    """Parameters of one group, dtype and device, moved into one buffer that ranks share out.

    ``whole_tensors`` is for optimizers that look at a parameter as a whole, such as LAMB. With
    ``masters`` this rank's share is an fp32 copy.
    """

    def __init__(
        self, model: Sequence[torch.Tensor], members: Group, *, whole_tensors: bool, masters: bool
    ) -> None:
        self._members = members
        make = FlatLayout.whole_tensors if whole_tensors else FlatLayout.contiguous
        self.layout = make([parameter.numel() for parameter in model], members.size)
        self._flat = _flattened(model, self.layout)
        begin = members.rank * self.layout.segment
        self._mine = self._flat[begin : begin + self.layout.segment]
        half = self._flat.dtype in {torch.float16, torch.bfloat16}
        self._share = self._mine.float() if masters and half else self._mine
        self._pieces = _pieces(model, self.layout, members.rank, self._share, whole_tensors)

    def targets(self) -> list[torch.Tensor]:
        """What the optimizer of this rank updates."""
        return list({id(piece.target): piece.target for piece in self._pieces}.values())

    @property
    def is_copy(self) -> bool:
        """Whether the share is an fp32 copy."""
        return self._share is not self._mine

    @property
    def share(self) -> torch.Tensor:
        """The share of this rank, flat."""
        return self._share

    def take_gradients(self, factor: float) -> None:
        """Collect this rank's share of the gradients; a parameter without one counts as zero."""
        for target in self.targets():
            target.grad = None
        for piece in self._pieces:
            if piece.parameter.grad is None:
                continue
            if piece.target.grad is None:
                piece.target.grad = torch.zeros_like(piece.target)
            source = piece.parameter.grad.reshape(-1)[piece.start : piece.stop]
            piece.of_target(piece.target.grad).copy_(source).mul_(factor)

    def give_parameters(self) -> None:
        """Collect what the others have updated."""
        if self.is_copy:
            self._mine.copy_(self._share.detach())
        _GATHER(self._flat, self._mine.clone(), group=self._members.process_group)

    def refresh(self) -> None:
        """Copy the model's parameters where this rank's share is a copy."""
        if self.is_copy:
            with torch.no_grad():
                self._share.copy_(self._mine)

    def gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pairs of a parameter and the part of its gradient that lies here."""
        for piece in self._pieces:
            if piece.target.grad is not None:
                yield piece.parameter, piece.of_target(piece.target.grad)


class Shards:
    """Buckets for all groups of an optimizer."""

    def __init__(
        self, model: Groups, members: Group, *, whole_tensors: bool, masters: bool
    ) -> None:
        self._buckets = [
            [
                Bucket(alike, members, whole_tensors=whole_tensors, masters=masters)
                for alike in _alike(group)
            ]
            for group in model
        ]

    def groups(self) -> list[list[torch.Tensor]]:
        """The share of this rank."""
        return [[t for bucket in group for t in bucket.targets()] for group in self._buckets]

    def take_gradients(self, factor: float) -> None:
        """Collect this rank's share of the gradients."""
        for bucket in self._all():
            bucket.take_gradients(factor)

    def give_parameters(self) -> None:
        """All-gather what every rank has updated."""
        for bucket in self._all():
            bucket.give_parameters()

    def refresh(self) -> None:
        """Copy the model's parameters."""
        for bucket in self._all():
            bucket.refresh()

    def gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pairs of a parameter and the part of its gradient that lies here."""
        for bucket in self._all():
            yield from bucket.gradients()

    def copies(self) -> dict[str, torch.Tensor]:
        """The fp32 shares by the number of their bucket."""
        return {str(n): b.share for n, b in enumerate(self._all()) if b.is_copy}

    def _all(self) -> Iterator[Bucket]:
        return (bucket for group in self._buckets for bucket in group)


def _alike(group: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    kinds: dict[tuple[torch.dtype, torch.device], list[torch.Tensor]] = {}
    for parameter in group:
        kinds.setdefault((parameter.dtype, parameter.device), []).append(parameter)
    return list(kinds.values())


def _flattened(model: Sequence[torch.Tensor], layout: FlatLayout) -> torch.Tensor:
    """One buffer with all values; the parameters become views of it."""
    flat = model[0].detach().new_zeros(layout.segment * layout.ranks)
    for parameter, offset in zip(model, layout.offsets, strict=True):
        place = flat[offset : offset + parameter.numel()]
        place.copy_(parameter.detach().reshape(-1))
        parameter.data = place.view(parameter.shape)
    return flat


def _pieces(
    model: Sequence[torch.Tensor],
    layout: FlatLayout,
    rank: int,
    share: torch.Tensor,
    whole_tensors: bool,
) -> list[_Piece]:
    begin, end = rank * layout.segment, (rank + 1) * layout.segment
    leaf = share.detach().requires_grad_()
    pieces = []
    for parameter, offset in zip(model, layout.offsets, strict=True):
        start, stop = max(begin, offset), min(end, offset + parameter.numel())
        if start >= stop:
            continue
        target, at = leaf, start - begin
        if whole_tensors:
            own = share.detach()[at : at + parameter.numel()].view(parameter.shape)
            target, at = mark_alike(own, parameter).requires_grad_(), 0
        pieces.append(
            _Piece(
                parameter=parameter,
                start=start - offset,
                stop=stop - offset,
                target=target,
                at=at,
            )
        )
    return pieces
