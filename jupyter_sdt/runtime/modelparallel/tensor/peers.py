"""Tensor-parallel ranks, and what they send each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.dataparallel.rows import rows_of
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.script_state import state

# torch 2.13 warns of the older names.
_gather: Any = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
_reduce_scatter: Any = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """The ranks among which a layer is divided, this one being ``rank`` of ``size``.

    With ``prescaled`` all of them are given the same batch, else each has its own. Tensors have
    their batch on the first axis and features on the last.
    """

    rank: int
    size: int
    process_group: Any
    prescaled: bool = False

    @property
    def alone(self) -> bool:
        """Whether nothing is to be sent: the others do not take part while a model is traced."""
        return self.size == 1 or bool(state.model is not None and state.model.is_tracing)

    def part(self, total: int, what: str) -> int:
        """The share of ``total`` that each rank gets. Raises SpecError where it is not even."""
        if total % self.size:
            lower = total - total % self.size
            raise SpecError(
                f"{what}={total} cannot be divided among tensor_parallel_degree={self.size} ranks; "
                f"use {lower or self.size} or {lower + self.size}",
                argument=what,
            )
        return total // self.size

    def copy_first(self, tensor: torch.Tensor) -> None:
        """Give ``tensor`` the values of the first rank's."""
        first = dist.get_global_rank(self.process_group, 0)
        content = tensor.contiguous()
        dist.broadcast(content, first, group=self.process_group)
        tensor.copy_(content)

    def gather_rows(self, tensor: torch.Tensor) -> torch.Tensor:
        """The batches of all ranks, one after the other."""
        if self.alone:
            return torch.cat([tensor] * self.size)
        direct = rows_of(self.process_group)
        if direct is not None and (rows := direct.gather(tensor)) is not None:
            return rows
        shape = (self.size * tensor.shape[0], *tensor.shape[1:])
        found = tensor.new_empty(shape)
        _gather(found, tensor.contiguous(), group=self.process_group)
        return found

    def sum_rows(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum over ranks, of which each keeps the rows of its own batch."""
        if self.alone:
            return tensor.chunk(self.size)[self.rank].clone()
        direct = rows_of(self.process_group)
        if direct is not None and (rows := direct.scatter(tensor)) is not None:
            return rows
        shape = (tensor.shape[0] // self.size, *tensor.shape[1:])
        found = tensor.new_empty(shape)
        _reduce_scatter(found, tensor.contiguous(), group=self.process_group)
        return found

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum over ranks; may be computed in place."""
        tensor = tensor.contiguous()
        if self.alone:
            return tensor
        direct = rows_of(self.process_group)
        if direct is None or direct.sum(tensor) is None:
            dist.all_reduce(tensor, group=self.process_group)
        return tensor

    def columns(self, tensor: torch.Tensor) -> torch.Tensor:
        """A view of this rank's share of the features."""
        return tensor.chunk(self.size, -1)[self.rank]

    def gather_columns(self, tensor: torch.Tensor) -> torch.Tensor:
        """All features of this rank's batch; ``tensor`` has some features of all batches.

        With ``prescaled`` there is one batch only, and all of it is returned.
        """
        rows = self.gather_rows(tensor).chunk(self.size)
        if self.prescaled:
            return torch.cat(rows, -1)
        return torch.cat([part.chunk(self.size)[self.rank] for part in rows], -1)


def current_peers() -> Peers:
    """The tensor-parallel group of this rank. Raises RuntimeStateError before ``smp.init()``."""
    here = world.current()
    group = here.group("tp")
    return Peers(
        rank=group.rank,
        size=group.size,
        process_group=group.process_group,
        prescaled=here.parameters.prescaled_batch,
    )
