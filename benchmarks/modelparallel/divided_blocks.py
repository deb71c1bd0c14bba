"""What the ranks of tensor.py measure: forward and backward of one GPT block in four ways."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.tensor import DistributedTransformerLayer

PEERS = 2
Step = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of ``width`` with ``heads``, on a batch of ``sequences`` x ``tokens``."""

    name: str
    width: int
    heads: int
    sequences: int
    tokens: int


class PlainBlock(nn.Module):
    """As DistributedTransformerLayer with norms before, in plain torch."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.dense = nn.Linear(width, width), nn.Linear(width, width)
        self.dense1, self.dense2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.head_size = width // heads

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[N, S, width] -> the same."""
        normed = self.first(hidden)
        made = (self.query(normed), self.key(normed), self.value(normed))
        heads = (t.unflatten(-1, (-1, self.head_size)).transpose(1, 2) for t in made)
        mixed = functional.scaled_dot_product_attention(*heads, is_causal=True)
        hidden = hidden + self.dense(mixed.transpose(1, 2).flatten(2))
        return hidden + self.dense2(functional.gelu(self.dense1(self.second(hidden))))


def measure(block: Block, rounds: int) -> dict[str, list[float]]:
    """Seconds of forward and backward by way, each the slowest rank's."""
    asked = {"tensor_parallel_degree": PEERS, "ddp": True}
    here = world.start(Parameters.from_mapping(asked))
    torch.manual_seed(0)
    x = torch.randn(block.sequences, block.tokens, block.width)
    prescaled = replace(here, parameters=replace(here.parameters, prescaled_batch=True))
    own = x.chunk(PEERS)[here.rank]
    ways = {
        "one": stepping(PlainBlock(block.width, block.heads), x),
        "dtensor": stepping(dtensor(block, "gloo"), x),
        "dtensor_smddp": stepping(dtensor(block, "smddp"), x),
        "ours": as_world(here, ours(block, own)),
        "prescaled": as_world(prescaled, ours(block, x)),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 2):
        for name, run in ways.items():
            seconds = slowest(run, alone=name == "one")
            if number > 1:
                found[name].append(seconds)
    return found


def ours(block: Block, x: torch.Tensor) -> Step:
    """The block of smp.nn; with batches of their own each rank is given half."""
    layer = DistributedTransformerLayer(
        block.heads,
        block.width // block.heads,
        block.width,
        4 * block.width,
        attention_dropout_prob=0.0,
        hidden_dropout_prob=0.0,
        causal_mask_size=block.tokens,
        pre_layernorm=True,
        post_layernorm=False,
    )
    return stepping(layer, (x, None))


def dtensor(block: Block, backend: str) -> nn.Module:
    """The way of torch's tutorial: columns, then rows; all ranks have the batch."""
    group = dist.new_group(backend=backend)
    mesh = DeviceMesh.from_group(group, "cpu")
    columns = dict.fromkeys(("query", "key", "value", "dense1"), ColwiseParallel())
    rows = dict.fromkeys(("dense", "dense2"), RowwiseParallel())
    return parallelize_module(PlainBlock(block.width, block.heads), mesh, columns | rows)


def stepping(module: nn.Module, given: object) -> Step:
    """Forward and backward, with gradients of the input, as inside a model."""

    def step() -> None:
        first, *rest = given if isinstance(given, tuple) else (given,)
        hidden = first.detach().requires_grad_()
        found = module((hidden, *rest)) if isinstance(given, tuple) else module(hidden)
        (found[0] if isinstance(given, tuple) else found).sum().backward()
        module.zero_grad()

    return step


def as_world(asked: world.World, step: Step) -> Step:
    """``step`` under other parameters than those the job was started with."""

    def run() -> None:
        world._world = asked
        step()

    return run


def slowest(run: Step, *, alone: bool) -> float:
    """Seconds of one step on the slowest rank; ``alone``: the others do nothing."""
    dist.barrier()
    begin = time.perf_counter()
    if not alone or dist.get_rank() == 0:
        run()
    seconds = torch.tensor(time.perf_counter() - begin)
    dist.all_reduce(seconds, dist.ReduceOp.MAX)
    return float(seconds)
