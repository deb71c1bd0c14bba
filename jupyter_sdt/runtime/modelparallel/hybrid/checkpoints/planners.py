"""Planners of torch.distributed.checkpoint that know that peers hold slices.

On disk there is one whole tensor, so that any other number of peers and shards can read it.
https://pytorch.org/docs/stable/distributed.checkpoint.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.distributed.checkpoint.default_planner import (
    DefaultLoadPlanner,
    DefaultSavePlanner,
    create_default_local_load_plan,
)
from torch.distributed.checkpoint.metadata import (
    ChunkStorageMetadata,
    MetadataIndex,
    TensorStorageMetadata,
)
from torch.distributed.checkpoint.planner import (
    LoadPlan,
    ReadItem,
    SavePlan,
    WriteItem,
    WriteItemType,
)
from torch.distributed.checkpoint.planner_helpers import (
    _create_chunk_list,
    create_read_items_for_chunk_list,
)

from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.pieces import (
    Cut,
    Piece,
    all_pieces,
)
from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice

# Which parameters are divided among which peers, from the last division to the first.
Divisions = Sequence[tuple[Mapping[str, TensorSlice], Peers]]
Cuts = dict[str, list[Cut]]


def cuts_of(state: Mapping[str, Any], divisions: Divisions, names: Any) -> Cuts:
    """Which tensors of a flattened ``state`` are slices: those below a parameter's name.

    ``names`` holds the way to each key; optimizers keep tensors of the parameter's form.
    """
    found: Cuts = {}
    for slices, peers in divisions:
        for key, value in state.items():
            part = next((slices[n] for n in map(str, names.get(key, (key,))) if n in slices), None)
            if part is not None and isinstance(value, torch.Tensor) and value.dim() > part.axis:
                length = value.shape[part.axis]
                cut = Cut(part=part, rank=peers.rank, peers=peers.size, length=length)
                found.setdefault(key, []).append(cut)
    return found


def whole_size(cuts: Sequence[Cut], size: Sequence[int]) -> torch.Size:
    """The size of the whole tensor, of which a slice has ``size``."""
    for cut in cuts:
        size = cut.whole_size(size)
    return torch.Size(size)


class SliceSavePlanner(DefaultSavePlanner):
    """Writes slices where they lie in the whole tensor."""

    def __init__(self, divisions: Divisions) -> None:
        super().__init__()
        self._divisions = divisions
        # What is written -> which part of the state that is.
        self._origins: dict[MetadataIndex, tuple[MetadataIndex, Piece]] = {}

    def create_local_plan(self) -> SavePlan:
        """The usual plan, with slices moved to their places."""
        plan = super().create_local_plan()
        cuts = cuts_of(self.state_dict, self._divisions, self.mappings)
        items = [made for item in plan.items for made in self._placed(item, cuts)]
        self.plan = replace(plan, items=items)
        return self.plan

    def _placed(self, item: WriteItem, cuts: Cuts) -> Iterator[WriteItem]:
        own, data = cuts.get(item.index.fqn), item.tensor_data
        if own is None or data is None:
            yield item
            return
        size = whole_size(own, data.size)
        for piece in all_pieces(own, data.chunk.offsets, data.chunk.sizes):
            chunk = _chunk(piece)
            index = MetadataIndex(item.index.fqn, chunk.offsets)
            self._origins[index] = (item.index, piece)
            yield replace(
                item,
                index=index,
                type=WriteItemType.SHARD,
                tensor_data=replace(data, chunk=chunk, size=size),
            )

    def lookup_object(self, index: MetadataIndex) -> Any:
        """The tensor to write for ``index``."""
        if index not in self._origins:
            return super().lookup_object(index)
        origin, piece = self._origins[index]
        found = super().lookup_object(origin)
        local = found.to_local() if hasattr(found, "to_local") else found
        for axis, (begin, size) in enumerate(zip(piece.inner, piece.sizes, strict=True)):
            local = local.narrow(axis, begin, size)
        return local


class SliceLoadPlanner(DefaultLoadPlanner):
    """Reads slices from where they lie in the whole tensor."""

    def __init__(self, divisions: Divisions, *, allow_partial_load: bool = False) -> None:
        super().__init__(allow_partial_load=allow_partial_load)
        self._divisions = divisions

    def create_local_plan(self) -> LoadPlan:
        """The usual plan for what is whole, and for slices their parts of what is on disk."""
        asked = self.state_dict
        cuts = cuts_of(asked, self._divisions, self.mappings)
        disk: Any = self.metadata
        cuts = {key: cut for key, cut in cuts.items() if key in disk.state_dict_metadata}
        rest = {key: value for key, value in asked.items() if key not in cuts}
        plan = create_default_local_load_plan(rest, disk, not self.allow_partial_load)
        items = [
            item
            for key, cut in cuts.items()
            for item in _reads(key, disk.state_dict_metadata[key], asked[key], cut)
        ]
        return replace(plan, items=[*plan.items, *items])


def _reads(
    key: str, disk: TensorStorageMetadata, tensor: torch.Tensor, cuts: Sequence[Cut]
) -> Iterator[ReadItem]:
    for own in _create_chunk_list(tensor):
        for piece in all_pieces(cuts, own.offsets, own.sizes):
            for item in create_read_items_for_chunk_list(key, disk, [_chunk(piece)]):
                inner = zip(item.dest_offsets, piece.inner, strict=True)
                yield replace(
                    item,
                    dest_index=MetadataIndex(key, own.offsets),
                    dest_offsets=torch.Size([offset + begin for offset, begin in inner]),
                )


def _chunk(piece: Piece) -> ChunkStorageMetadata:
    return ChunkStorageMetadata(offsets=torch.Size(piece.outer), sizes=torch.Size(piece.sizes))
