"""Dropout inside a divided layer: peers have different heads, so they need different masks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers

_APART = 0x9E3779B97F4A7C15  # any odd number does: seeds of peers must not be near each other
_SEEDS = 1 << 62


@contextmanager
def own_randomness(peers: Peers, device: torch.device, *, needed: bool) -> Iterator[None]:
    """Random numbers of this peer's own, with ``needed``; outside, peers go on alike.

    The seed is drawn from the usual numbers, so that a recomputation draws it again.
    """
    if not needed or peers.size == 1:
        yield
        return
    seed = (int(torch.randint(_SEEDS, ())) + peers.rank * _APART) % _SEEDS
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
