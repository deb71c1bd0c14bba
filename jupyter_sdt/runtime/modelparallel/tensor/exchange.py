"""What goes into and comes out of a divided layer, forward and backward.

Peers with batches of their own compute the sum of their losses, while gradients are means over
all replicas, tensor peers among them: what leaves a divided layer goes back divided by the number
of peers, and what enters it multiplied. So the gradients of slices are means as well.

Shoeybi et al., arXiv 1909.08053 (one batch for all peers); Korthikanti et al., arXiv 2205.05198
(peers with parts of the activations of their own).
"""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import Function

from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers


class _Spread(Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
        ctx.peers = peers
        return tensor.view_as(tensor) if peers.prescaled else peers.gather_rows(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        peers = ctx.peers
        if peers.prescaled:
            return peers.sum(gradient), None
        return peers.sum_rows(gradient).mul_(peers.size), None


class _Collect(Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
        ctx.peers = peers
        if not peers.prescaled:
            return peers.sum_rows(tensor)
        ctx.mark_dirty(tensor)  # a product that nobody else has: summed where it is
        return peers.sum(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        peers = ctx.peers
        if peers.prescaled:
            return gradient, None
        return peers.gather_rows(gradient / peers.size), None


class _ToColumns(Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
        ctx.peers = peers
        whole = tensor if peers.prescaled else peers.gather_rows(tensor)
        return peers.columns(whole).contiguous()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        found = ctx.peers.gather_columns(gradient)
        return found if ctx.peers.prescaled else found.mul_(ctx.peers.size), None


class _ToRows(Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
        ctx.peers = peers
        return peers.gather_columns(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        peers = ctx.peers
        if peers.prescaled:
            return peers.columns(gradient).contiguous(), None
        return peers.columns(peers.gather_rows(gradient)).div(peers.size), None


def spread(tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
    """[N, ..., F] of each peer -> [N x peers, ..., F], the same on all; prescaled: as it is."""
    found: torch.Tensor = _Spread.apply(tensor, peers)  # type: ignore[no-untyped-call]
    return found


def collect(tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
    """Sum over peers: [N x peers, ..., F] -> [N, ..., F], this rank's batch; prescaled: all.

    ``tensor`` may be overwritten: give what no backward needs.
    """
    found: torch.Tensor = _Collect.apply(tensor, peers)  # type: ignore[no-untyped-call]
    return found


def to_columns(tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
    """[N, ..., F] -> [N x peers, ..., F / peers], this rank's features of all batches."""
    found: torch.Tensor = _ToColumns.apply(tensor, peers)  # type: ignore[no-untyped-call]
    return found


def to_rows(tensor: torch.Tensor, peers: Peers) -> torch.Tensor:
    """The way back of :func:`to_columns`."""
    found: torch.Tensor = _ToRows.apply(tensor, peers)  # type: ignore[no-untyped-call]
    return found
