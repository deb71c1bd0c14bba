"""Tokens on their way to the experts that a router chose, wherever those lie, and back.

Lepikhin et al., arXiv 2006.16668 (GShard): two exchanges of all with all in each direction. Expert
peers have batches of their own. Their gradients are means over all replicas, an expert's over those
that hold it, which are fewer: what comes back from an expert goes back divided by the number of
expert peers, and what went there multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.autograd import Function

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers

_TRIP = "_sdt_trip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How many rows go to each peer, and how many come from each."""

    peers: Peers
    going: list[int]
    coming: list[int]

    @property
    def back(self) -> Route:
        """The way back."""
        return Route(peers=self.peers, going=self.coming, coming=self.going)

    def carry(self, rows: torch.Tensor) -> torch.Tensor:
        """Exchange ``rows``, which lie in the order of the peers they go to."""
        found = rows.new_empty((sum(self.coming), *rows.shape[1:]))
        group = self.peers.process_group
        dist.all_to_all_single(found, rows.contiguous(), self.coming, self.going, group=group)
        return found


class _Carry(Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, route: Route, factor: float) -> torch.Tensor:
        ctx.route, ctx.factor = route, factor
        return route.carry(rows)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        return ctx.route.back.carry(gradient).mul_(ctx.factor), None, None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trip:
    """What is needed to bring tokens home: ``order`` sorts them by expert."""

    route: Route
    order: torch.Tensor
    weights: torch.Tensor

    def home(self, found: torch.Tensor) -> torch.Tensor:
        """What experts found for each token, added up with the router's weights: [T, H]."""
        rows = found[: sum(self.route.coming)]
        rows = _carried(rows, self.route.back, 1 / self.route.peers.size)
        by_token = rows[self.order.argsort()].view(*self.weights.shape, -1)
        whole = (by_token * self.weights[..., None]).sum(1)
        return whole.to(found.dtype)


def let_tokens_travel(module: Any) -> Callable[..., torch.Tensor]:
    """Let ``module``, which holds ``num_experts`` experts, be called for those of all peers.

    Called with (tokens [T, H], experts [T, k] of all peers, weights [T, k]). Returns the hook that
    brings tokens home, to be registered last.
    """
    module.register_forward_pre_hook(_leave)
    return _return


def _leave(module: Any, arguments: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> Any:
    tokens, chosen, weights = arguments
    peers, experts = state.current().expert_peers, module.num_experts
    copies = chosen.flatten()
    order = copies.argsort(stable=True)
    going = copies.bincount(minlength=experts * peers.size)
    coming = torch.empty_like(going)
    dist.all_to_all_single(coming, going, group=peers.process_group)
    route = Route(peers=peers, going=_by_peer(going, peers), coming=_by_peer(coming, peers))
    rows = _carried(tokens[order // chosen.shape[1]], route, peers.size)
    local = torch.arange(experts, device=tokens.device).repeat(peers.size)
    module.__dict__[_TRIP] = _Trip(route=route, order=order, weights=weights)
    return _as_call(rows, local.repeat_interleave(coming))


def _return(module: Any, _: Any, found: torch.Tensor) -> torch.Tensor:
    trip: _Trip = module.__dict__.pop(_TRIP)
    return trip.home(found)


def _as_call(rows: torch.Tensor, local: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Arguments for experts of which each row needs one."""
    if not len(rows):
        # Experts without any token take part in the exchanges of gradients all the same.
        rows, local = nn.functional.pad(rows, (0, 0, 0, 1)), local.new_zeros(1)
    return rows, local[:, None], rows.new_ones((len(rows), 1))


def _by_peer(counts: torch.Tensor, peers: Peers) -> list[int]:
    found: list[int] = counts.view(peers.size, -1).sum(1).tolist()
    return found


def _carried(rows: torch.Tensor, route: Route, factor: float) -> torch.Tensor:
    found: torch.Tensor = _Carry.apply(rows, route, factor)  # type: ignore[no-untyped-call]
    return found
