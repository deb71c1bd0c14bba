"""How the script's model runs: its partition, its pipeline, and the exchange between replicas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel import delayed_init, reduction
from jupyter_sdt.runtime.modelparallel.exchange import Exchange
from jupyter_sdt.runtime.modelparallel.partition import Assignment
from jupyter_sdt.runtime.modelparallel.partitioning import Tracing, decide, write_record
from jupyter_sdt.runtime.modelparallel.pipeline.connecting import connect
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.engine import Engine
from jupyter_sdt.runtime.modelparallel.pipeline.settings import Settings
from jupyter_sdt.runtime.modelparallel.placement import Placement
from jupyter_sdt.runtime.modelparallel.script_state import state
from jupyter_sdt.runtime.modelparallel.sharding.pieces import is_piece
from jupyter_sdt.runtime.modelparallel.sharding.shard import shard
from jupyter_sdt.runtime.modelparallel.uneven import Uneven
from jupyter_sdt.runtime.modelparallel.world import GroupName, World

Backward = Callable[..., None]
RunMicrobatch = Callable[[int], Any]
# Of those that train: the first two find out what comes back and where to, the fourth replays.
_RECORDED_STEPS = (2, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a script says when it wraps its model."""

    tracing: Tracing = field(default_factory=Tracing)
    average_microbatches: bool = True
    backward_passes: int = 1
    bucket_bytes: int = 25 << 20


class Execution:
    """Runs steps of ``module``, and partitions it in the first one.

    With a single stage ``placement`` exists at once, and there is no engine.
    """

    def __init__(self, world: World, module: nn.Module, options: Options) -> None:
        self.world, self.module, self._options = world, module, options
        self.stages = world.layout.pipeline_parallel_size
        self.placement: Placement | None = None
        self.assignment: Assignment | None = None
        self.tracing: Backward | None = None
        self._engine: Engine | None = None
        self._microbatches = 0
        self._trained = False
        self._passes = self._steps = 0
        self.exchange = Exchange(world, options.bucket_bytes)
        self.uneven: Uneven | None = None
        if self.stages == 1:
            self._place(dict.fromkeys((name for name, _ in module.named_modules()), 0))

    @property
    def callable_now(self) -> bool:
        """Whether the model may be called and taken backward here and now."""
        in_engine = self._engine is not None and self._engine.in_step
        return self.stages == 1 or self.tracing is not None or in_engine

    def runs_of(self, sequence: nn.Sequential) -> list[nn.Sequential]:
        """Neighbours in ``sequence`` that other stages call together."""
        return [] if self._engine is None else self._engine.runs_of(sequence)

    def run_step(self, run: RunMicrobatch, microbatches: int, *, detach: bool = False) -> list[Any]:
        """Run every microbatch, exchange gradients, and return what each of them returned."""
        if self.placement is None:
            self.partition(run)
        self._microbatches, self._trained = microbatches, False
        try:
            results = self._run(run, microbatches, detach=detach)
        finally:
            self._microbatches = 0
        if self._trained:
            self._steps += 1
            self._record()
            self._exchange()
        return results

    def _run(self, run: RunMicrobatch, microbatches: int, *, detach: bool) -> list[Any]:
        if self._engine is None:
            return [run(number) for number in range(microbatches)]
        results = self._engine.run_step(run, microbatches, detach=detach)
        self._trained = self._engine.went_back
        return results

    def backward(
        self, tensors: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor | None]
    ) -> None:
        """Go back from ``tensors``, as torch.autograd.backward would."""
        factor = state.loss_scale
        averages = self._options.average_microbatches and self.exchange.hook is None
        if averages and self._microbatches:
            factor /= self._microbatches
        scaled = [_scaled(t, g, factor) for t, g in zip(tensors, gradients, strict=True)]
        if self.tracing is not None:
            self.tracing(list(tensors), scaled)
        elif self._engine is not None:
            self._engine.backward(tensors, scaled)
        else:
            torch.autograd.backward(list(tensors), scaled)
            self._trained = True
            if not self._microbatches:
                self._exchange()

    def partition(self, run: RunMicrobatch) -> None:
        """Decide on stages, in the first step, and keep what belongs to this one."""

        def traced(backward: Backward) -> object:
            self.tracing = backward
            try:
                return run(0)
            finally:
                self.tracing = None

        assignment = decide(self.world, self.module, traced, self._options.tracing)
        self.assignment = assignment
        self._connect(assignment)
        self._place(assignment.stage_of)

    def _connect(self, assignment: Assignment) -> None:
        asked, group = self.world.parameters, self.world.group("pp")
        settings = Settings(
            stages=group.size,
            rank=self.world.rank,
            device=self.world.device,
            schedule=asked.pipeline,
            active=asked.active_microbatches,
        )
        connections = connect(group.rank, group.process_group)
        replicas = self._replicas(connections)
        self._engine = Engine(self.module, assignment.stage_of, connections, settings, replicas)

    def _replicas(self, connections: Connections) -> Connections | None:
        """The other ranks that must compute in the same order; tensor peers communicate in it."""
        alike: GroupName = "dp" if self.world.parameters.deterministic_server else "tp"
        group = self.world.groups[alike]
        if group.size == 1:
            return None
        return connect(group.rank, group.process_group, connections.inbox)

    def _place(self, stage_of: Any) -> None:
        self.placement = Placement(module=self.module, stage_of=stage_of, stage=self.world.stage)
        tensors: list[torch.Tensor] = [p for _, p in self.placement.parameters()]
        tensors += [tensor for _, tensor in self.placement.buffers()]
        if self.world.parameters.sharded and delayed_init.waiting(tensors):
            # Layer by layer, and the same on all ranks.
            shard(self.world, self.module)
            return
        delayed_init.settle(self.module, tensors)
        self.placement.free_others()
        self.module.to(self.world.device)
        if self.world.parameters.ddp:
            reduction.broadcast(self.world, tensors, self._options.bucket_bytes)
        if self.world.parameters.sharded:
            del tensors  # layer by layer their memory becomes free
            shard(self.world, self.module)

    def _exchange(self) -> None:
        self._passes += 1
        if not self.world.parameters.ddp or self._passes % self._options.backward_passes:
            return
        replicas = self.uneven.training(here=True) if self.uneven else 0
        self._average()
        factor = self.uneven.factor(replicas) if self.uneven else 1.0
        if factor != 1.0:
            for parameter in self._parameters():
                if parameter.grad is not None:
                    parameter.grad *= factor

    def finish_exchange(self) -> None:
        """Exchange what fewer than ``backward_passes`` have left: an epoch need not divide."""
        if self.world.parameters.ddp and self._passes % self._options.backward_passes:
            self._passes = 0
            if self.uneven is None:
                self._average()

    def finish_uneven(self) -> None:
        """Take part in what other replicas still have to do, and get their parameters."""
        if self.uneven is None or self.placement is None:
            return
        uneven, self.uneven = self.uneven, None
        parameters = self._parameters()
        kept = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        tensors = [*parameters, *(tensor for _, tensor in self.placement.buffers())]
        uneven.wait_for_others(self._shadow, tensors)
        for parameter, gradient in zip(parameters, kept, strict=True):
            parameter.grad = gradient

    def _shadow(self) -> None:
        self._average()
        for parameter in self._parameters():
            parameter.grad = None

    def _average(self) -> None:
        self.exchange.average(p for p in self._parameters() if not is_piece(p))

    def _parameters(self) -> list[torch.nn.Parameter]:
        if self.placement is None:
            raise RuntimeStateError("gradients were exchanged before the model was partitioned")
        return [parameter for _, parameter in self.placement.parameters()]

    def _record(self) -> None:
        """Write when which stage did what, early in training."""
        if self._engine is None or self._steps not in _RECORDED_STEPS:
            return
        rows = self._engine.timelines()
        if self.world.rank == 0:
            write_record(
                "schedule.json",
                {
                    "stages": self.stages,
                    "microbatches": self.world.parameters.microbatches,
                    "replayed": self._engine.replayed,
                    "tasks": rows,
                },
            )


def _scaled(
    tensor: torch.Tensor, gradient: torch.Tensor | None, factor: float
) -> torch.Tensor | None:
    if gradient is not None:
        return gradient * factor
    # torch refuses what is no scalar, in its own words.
    return None if tensor.numel() != 1 else _filled(tensor, factor)


def _filled(tensor: torch.Tensor, value: float) -> torch.Tensor:
    """As torch.full_like, which would want the content of a tensor of another stage."""
    return torch.full(tensor.shape, value, dtype=tensor.dtype, device=tensor.device)
