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
from tracked import most_but_activations

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.partition import measure_costs, predict_memory
from jupyter_sdt.runtime.modelparallel.partition.measuring import one_step
from jupyter_sdt.runtime.modelparallel.sharding.memory import predict_sharded_memory
from jupyter_sdt.runtime.modelparallel.step import step

WIDTH, BLOCKS, TOKENS = 512, 16, 32
# Gathered one or two at a time, so that they are small beside the whole model.
NARROW, MANY = 320, 40
ALL_SHARDED: dict[str, Any] = {"ddp": True, "sdp_param_persistence_threshold": 1}
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
    """Peak and prediction of every rank, in bytes."""
    resident.return_what_is_freed()
    here = start(**ALL_SHARDED, sharded_data_parallel_degree=degree)
    module = network(MANY, NARROW)
    kept = measure_costs(module, one_step(module, batch(NARROW, 1)[0]), trace_memory_usage=True)
    table = predict_sharded_memory(
        module,
        here.parameters,
        activations=sum(cost.activation_bytes for cost in kept.modules.values()),
    )
    peak, _ = peak_of_training(module, 1)
    return gathered({"peak": peak, "predicted": table.total})


def measure_shares(degree: int) -> list[dict[str, int]]:
    """Of every rank what parameters, gradients and moments take at most, and its share of them."""
    start(**ALL_SHARDED, sharded_data_parallel_degree=degree)
    model = DistributedModel(network(MANY, NARROW))
    optimizer = DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=1e-4))
    x, y = batch(NARROW, 1)

    def run() -> None:
        train_step(model, x, y)
        optimizer.step()

    run()
    optimizer.zero_grad()
    whole = sum(parameter.nbytes for parameter in model.parameters())
    most = most_but_activations(model.get_module(), optimizer.optimizer, (x, y), run)
    return gathered({"peak": most, "predicted": 4 * whole // degree})


def measure_limit(ranks: int, room: int, way: str) -> str:
    """How training ends where a rank may take ``room`` bytes more than it has now."""
    resident.return_what_is_freed()
    limit = resident.data_size() + room
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    options: dict[str, Any] = {"partitions": ranks}
    if way == "sharded" and ranks > 1:
        options = ALL_SHARDED | {"sharded_data_parallel_degree": ranks}
    try:
        start(**options, microbatches=MICROBATCHES)
        peak_of_training(network(), MICROBATCHES)
    except (RuntimeError, MemoryError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return "trains"


def batch(width: int, sequences: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random inputs and targets."""
    x, y = torch.randn(2, sequences, TOKENS, width)
    return x, y


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
    x, y = batch(width, sequences)
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
