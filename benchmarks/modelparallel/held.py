"""What the ranks of memory.py measure: the peak of a training step, and what was predicted."""

from __future__ import annotations

import resource
from typing import Any

import resident
import torch
import torch._dynamo  # with the first optimizer it would come into the measurement
import torch.distributed as dist
import torch.distributed.fsdp
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.partition import measure_costs, predict_memory
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step
from jupyter_sdt.runtime.modelparallel.step import step

WIDTH, BLOCKS, TOKENS = 512, 16, 32
# Gathered one or two at a time, so that they are small beside the whole model.
NARROW, MANY = 320, 40
STEPS, WARM = 6, 5
MICROBATCHES = 8


def network(blocks: int = BLOCKS, width: int = WIDTH) -> nn.Sequential:
    """Transformer blocks: ``blocks`` x 12 x ``width`` x ``width`` parameters, and some."""
    return nn.Sequential(
        *(
            nn.TransformerEncoderLayer(
                width, width // 64, 4 * width, dropout=0.0, batch_first=True, norm_first=True
            )
            for _ in range(blocks)
        )
    )


@step
def train_step(model: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """A step function as scripts have it."""
    loss = functional.mse_loss(model(x), y)
    model.backward(loss)
    return loss


def measure_pipeline(stages: int, sequences: int) -> list[dict[str, int]]:
    """Peak and prediction of every stage, in bytes; a microbatch has ``sequences``."""
    resident.return_what_is_freed()
    here = start(partitions=stages, microbatches=MICROBATCHES)
    peak, model = peak_of_training(network(), sequences * MICROBATCHES)
    assignment = model.assignment
    assert assignment is not None
    table = predict_memory(assignment, MICROBATCHES, "1f1b")[here.stage]
    mine = {"peak": peak, "predicted": table.total, "activations": table.activations}
    return gathered(mine)


def measure_sharded(degree: int) -> list[dict[str, int]]:
    """Peak of every rank, and its share of parameters, gradients and Adam's two moments."""
    resident.return_what_is_freed()
    start(sharded_data_parallel_degree=degree, ddp=True, sdp_param_persistence_threshold=1)
    peak, model = peak_of_training(network(MANY, NARROW), 1)
    whole = sum(parameter.nbytes for parameter in model.parameters())
    return gathered({"peak": peak, "predicted": 4 * whole // degree})


def measure_limit(ranks: int, room: int, way: str) -> str:
    """How training ends where a rank may take ``room`` bytes more than it has now."""
    resident.return_what_is_freed()
    limit = resident.data_size() + room
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    options = {"partitions": ranks, "microbatches": MICROBATCHES}
    if way == "sharded" and ranks > 1:
        options = {"sharded_data_parallel_degree": ranks, "ddp": True}
    try:
        start(**options)
        peak_of_training(network(), MICROBATCHES)
    except (RuntimeError, MemoryError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return "trains"


def start(**parameters: Any) -> world.World:
    """Join the job."""
    here = world.start(Parameters.from_mapping(parameters))
    torch.manual_seed(0)
    return here


def warm_up() -> None:
    """Load and take now what every process that trains needs once, whatever its model."""
    model = network(1)
    x = torch.randn(1, TOKENS, WIDTH)
    measure_costs(model, one_step(model, x), trace_memory_usage=True)
    functional.mse_loss(model(x), x).backward()
    torch.optim.Adam(model.parameters()).step()


def peak_of_training(module: nn.Sequential, sequences: int) -> tuple[int, DistributedModel]:
    """The most bytes above those without the model, in steps after the first ones."""
    own = sum(parameter.nbytes for parameter in module.parameters())
    warm_up()
    before = resident.resident() - own
    model = DistributedModel(module, trace_memory_usage=True)
    optimizer = DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=1e-4))
    width = module[0].linear1.in_features
    x, y = torch.randn(2, sequences, TOKENS, width)
    found = 0
    for number in range(STEPS):
        resident.begin_peak()
        optimizer.zero_grad()
        train_step(model, x, y)
        optimizer.step()
        if number >= WARM:
            found = max(found, resident.peak())
    return found - before, model


def gathered(mine: dict[str, int]) -> list[dict[str, int]]:
    """Those of all ranks."""
    everything: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(everything, mine)
    return everything
