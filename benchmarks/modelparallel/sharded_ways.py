"""What the ranks of sharded.py measure: a step of a GPT by torch's fully_shard, and by ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import resident
import torch
import torch._dynamo  # with the first optimizer it would come into the measurement
import torch.distributed as dist
from models import Loss, build
from pipelines import Step, slowest
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard

from jupyter_sdt.runtime.allocator import keep_freed_memory
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.step import step

CLIPPING = 1.0
Make = Callable[[nn.Module, Loss], Step]
_WARM = 3  # steps before the first that counts


def measure_speed(ranks: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of a step by way, each in turn round by round; each is the slowest rank's."""
    keep_freed_memory()  # as in every rank of a job
    join(ranks)
    steps = {name: make(*build("gpt")) for name, make in WAYS.items()}
    found: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(_WARM + rounds):
        for name, run in steps.items():
            seconds = slowest(run)
            if number >= _WARM:
                found[name].append(seconds)
    return found


def measure_memory(ranks: int, name: str) -> int:
    """Most bytes that a rank had in memory in a step, above those without the model."""
    resident.return_what_is_freed()
    join(ranks)
    net, loss = build("gpt")
    loss(net).backward()  # loads what every process that trains needs once
    net.zero_grad()
    before = resident.resident() - sum(parameter.nbytes for parameter in net.parameters())
    run = WAYS[name](net, loss)
    for _ in range(_WARM):
        run()
    resident.begin_peak()
    run()
    peaks: list[Any] = [None] * ranks
    dist.all_gather_object(peaks, resident.peak() - before)
    return int(max(peaks))


def join(ranks: int) -> None:
    """Join a job in which all ranks hold one model together; all parameters are divided."""
    asked = {"ddp": True, "sharded_data_parallel_degree": ranks, "sdp_gradient_clipping": CLIPPING}
    world.start(Parameters.from_mapping(asked | {"sdp_param_persistence_threshold": 1}))


def torchs(backend: str) -> Make:
    """``fully_shard`` block by block over ``backend``, as torch's tutorial does it."""

    def make(net: nn.Module, loss: Loss) -> Step:
        everyone = list(range(dist.get_world_size()))
        group: Any = dist.new_group(everyone, backend=backend)
        mesh = DeviceMesh.from_group(group, "cpu")
        for block in net.get_submodule("blocks").children():
            fully_shard(block, mesh=mesh)
        fully_shard(net, mesh=mesh)
        optimizer = torch.optim.AdamW(net.parameters(), fused=True)

        def run() -> None:
            optimizer.zero_grad()
            loss(net).backward()
            nn.utils.clip_grad_norm_(net.parameters(), CLIPPING)
            optimizer.step()

        return run

    return make


def ours(net: nn.Module, loss: Loss) -> Step:
    """A script of SageMaker's library: clipping is done within ``step()``."""
    model = DistributedModel(net)
    optimizer = DistributedOptimizer(torch.optim.AdamW(model.parameters(), fused=True))

    @step
    def train(model: DistributedModel) -> torch.Tensor:
        value = loss(model)
        model.backward(value)
        return value

    def run() -> None:
        optimizer.zero_grad()
        train(model)
        optimizer.step()

    return run


WAYS: dict[str, Make] = {"torch": torchs("gloo"), "torch_smddp": torchs("smddp"), "ours": ours}
