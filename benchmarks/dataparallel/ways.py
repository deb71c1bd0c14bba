"""Ways to train a model on two ranks: without communication, ours, and the others."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from bf16_hook import bf16_hook
from models import build
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

from jupyter_sdt.runtime import dataparallel

Step = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Way:
    """How to make a step of training, and whether the ranks keep freed memory as ours do."""

    make: Callable[[str], Step]
    keeps_memory: bool = False


def independent(model: str) -> Step:
    """No communication: the bound."""
    net, loss = build(model)
    return stepper(net, loss)


def ours(model: str) -> Step:
    """DDP as a script writes it, in a job of this package."""
    dist.init_process_group("smddp")
    net, loss = build(model)
    return stepper(DistributedDataParallel(net, gradient_as_bucket_view=True), loss)


def balanced(megabytes: float | None = None) -> Callable[[str], Step]:
    """Our class in the place of torch's: gradients in buffers of one size."""

    def make(model: str) -> Step:
        dist.init_process_group("smddp")
        net, loss = build(model)
        parallel = dataparallel.DistributedDataParallel(net, bucket_cap_mb=megabytes)
        return stepper(parallel, loss)

    return make


def ours_shared(model: str) -> Step:
    """As ours, with one line more: ranks share the work of the optimizer."""
    dist.init_process_group("smddp")
    net, loss = build(model)
    parallel = DistributedDataParallel(net, gradient_as_bucket_view=True)
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    return stepper(parallel, loss, dataparallel.share_optimizer(optimizer))


def gloo(model: str) -> Step:
    """DDP as a script writes it."""
    dist.init_process_group("gloo")
    net, loss = build(model)
    return stepper(DistributedDataParallel(net), loss)


def gloo_view(model: str) -> Step:
    """DDP with gradients as views of its buckets."""
    dist.init_process_group("gloo")
    net, loss = build(model)
    return stepper(DistributedDataParallel(net, gradient_as_bucket_view=True), loss)


def gloo_bf16(model: str) -> Step:
    """DDP that sends 16 bits; torch's own hook refuses CPUs, and this does what it does."""
    dist.init_process_group("gloo")
    net, loss = build(model)
    parallel = DistributedDataParallel(net)
    parallel.register_comm_hook(None, bf16_hook)
    return stepper(parallel, loss)


def zero(model: str) -> Step:
    """ZeroRedundancyOptimizer: each rank steps with a share of the parameters."""
    dist.init_process_group("gloo")
    net, loss = build(model)
    parallel = DistributedDataParallel(net, gradient_as_bucket_view=True)
    sharded = ZeroRedundancyOptimizer(net.parameters(), torch.optim.AdamW, fused=True)
    return stepper(parallel, loss, sharded)


def fsdp2(model: str) -> Step:
    """FSDP2 with parameters kept between forward and backward."""
    dist.init_process_group("gloo")
    net, loss = build(model)
    mesh = dist.init_device_mesh("cpu", (2,))
    for block in getattr(net, "blocks", ()):
        fully_shard(block, mesh=mesh, reshard_after_forward=False)
    return stepper(fully_shard(net, mesh=mesh, reshard_after_forward=False), loss)


def horovod_style(model: str) -> Step:
    """A collective for each gradient as it is made, and all waited for before the step."""
    dist.init_process_group("gloo")
    net, loss = build(model)
    works: list[Any] = []
    for parameter in net.parameters():
        parameter.register_post_accumulate_grad_hook(
            lambda p: works.append(dist.all_reduce(p.grad.div_(2), async_op=True))
        )
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)

    def step() -> None:
        optimizer.zero_grad()
        loss(net).backward()
        while works:
            works.pop().wait()
        optimizer.step()

    return step


def on_gpu(backend: str) -> Callable[[str], Step]:
    """DDP as a script writes it, each rank on a GPU of its own."""

    def make(model: str) -> Step:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group(backend)
        with torch.device("cuda"):
            net, loss = build(model)
        step = stepper(DistributedDataParallel(net), loss)

        def finished() -> None:
            step()
            torch.cuda.synchronize()

        return finished

    return make


def stepper(net: nn.Module, loss: Callable[[nn.Module], Any], optimizer: Any = None) -> Step:
    """Gradients to None, forward, backward, AdamW."""
    chosen = optimizer or torch.optim.AdamW(net.parameters(), fused=True)

    def step() -> None:
        chosen.zero_grad()
        loss(net).backward()
        chosen.step()

    return step


# Where there are GPUs: ours beside NCCL.
GPU_WAYS = {"gpu_nccl": Way(on_gpu("nccl")), "gpu_smddp": Way(on_gpu("smddp"))}
# How large buffers should be.
SIZED_WAYS = {f"{size} MB": Way(balanced(size), keeps_memory=True) for size in (1, 4, 8, 16, 25)}
# The first is the bound, in a process as `python script.py` has it.
WAYS = {
    "independent": Way(independent),
    "ours": Way(ours, keeps_memory=True),
    "ours_balanced": Way(balanced(), keeps_memory=True),
    "ours_shared_optimizer": Way(ours_shared, keeps_memory=True),
    "ddp_gloo": Way(gloo),
    "ddp_gloo_view": Way(gloo_view),
    "ddp_gloo_bf16": Way(gloo_bf16),
    "zero": Way(zero),
    "fsdp2": Way(fsdp2),
    "horovod_style": Way(horovod_style),
    "independent_kept_memory": Way(independent, keeps_memory=True),
}
