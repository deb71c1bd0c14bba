"""Which positions of a sequence lie on which context peer.

A sequence is cut into twice as many chunks as there are peers. Peer r has the chunks r and, from
the end, r again: under a causal mask early positions see little and late ones much, and so all
peers have as much to compute. Llama 3, arXiv 2407.21783, section 3.3.2; NVIDIA's Transformer Engine
and the scripts for SageMaker's library divide batches in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers


def chunks_of(peers: Peers) -> tuple[int, int]:
    """The numbers of this peer's two chunks."""
    return peers.rank, 2 * peers.size - 1 - peers.rank


def own_part(whole: torch.Tensor, peers: Peers, axis: int = 1) -> torch.Tensor:
    """The positions of this peer in ``whole``, the sequence on ``axis``: [N, S] -> [N, S / peers].

    Raises SpecError for a length that is no multiple of twice the number of peers.
    """
    length, chunks = whole.shape[axis], 2 * peers.size
    if length % chunks:
        lower = length - length % chunks
        raise SpecError(
            f"batch: {length} positions cannot be divided among context_parallel_degree="
            f"{peers.size} ranks, each with two chunks; use {lower or chunks} or {lower + chunks}",
            argument="batch",
        )
    parts = whole.chunk(chunks, axis)
    return torch.cat([parts[number] for number in chunks_of(peers)], axis)


def in_order(gathered: torch.Tensor, axis: int) -> torch.Tensor:
    """Put the parts of all peers, [peers, ...], into one sequence; ``axis`` is that of a part."""
    early, late = gathered.chunk(2, axis + 1)
    parts = [*early.unbind(), *late.flip(0).unbind()]
    return torch.cat(parts, axis)


def own_positions(length: int, peers: Peers, device: torch.device) -> torch.Tensor:
    """The positions [``length``] of this peer's part in the whole sequence."""
    whole = torch.arange(length * peers.size, device=device)
    return own_part(whole, peers, axis=0)


def get_batch_for_cp_rank(batch: Iterable[torch.Tensor | None]) -> list[torch.Tensor | None]:
    """The part of each tensor [N, S, ...] of ``batch`` that belongs to this rank.

    Give all context peers the same batch, and the model what this returns: words, and labels that
    are not shifted. With ``context_parallel_degree`` 1 tensors are returned as they are. Raises
    SpecError for a length that is no multiple of twice the degree.
    """
    peers = state.current().context_peers
    if peers.size == 1:
        return list(batch)
    return [None if tensor is None else own_part(tensor, peers) for tensor in batch]
