"""Deciding, on all ranks alike, which stage runs which module; partition.json."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from traceback import format_exc
from typing import Any

import torch.distributed as dist
from torch import nn

from jupyter_sdt.runtime.modelparallel.delayed_init import initialise
from jupyter_sdt.runtime.modelparallel.partition import Assignment, Costs, assign_stages
from jupyter_sdt.runtime.modelparallel.partition.files import load_assignment, save_assignment
from jupyter_sdt.runtime.modelparallel.partition.measuring import Run, measure_costs
from jupyter_sdt.runtime.modelparallel.pipeline.faults import failed_elsewhere
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Failed
from jupyter_sdt.runtime.modelparallel.script_state import state
from jupyter_sdt.runtime.modelparallel.world import World
from jupyter_sdt.runtime.rank_files import rank_files, write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What is measured in the first step: time and memory, or estimates of them."""

    execution_times: bool = False
    memory_usage: bool = False


def decide(world: World, module: nn.Module, run: Run, tracing: Tracing) -> Assignment:
    """Let rank 0 assign every module of ``module`` its stage, and tell all ranks.

    ``run`` is the step function on the first microbatch, which is traced on rank 0. Raises there
    what goes wrong, and StageError with its traceback on the others.
    """
    found: list[Any] = [None]
    error: Exception | None = None
    if world.rank == 0:
        try:
            found = [_assignment(world, module, run, tracing).to_json()]
        except Exception as failed:  # noqa: BLE001 - the others wait, and must hear of it
            summary = f"{type(failed).__name__}: {failed}"
            error, found = failed, [Failed(0, 0, 0, summary, format_exc())]
    dist.broadcast_object_list(found, src=0)
    if error is not None:
        raise error
    if isinstance(found[0], Failed):
        raise failed_elsewhere(found[0])
    assignment = restored(Assignment.from_json(found[0]))
    if world.rank == 0:
        _publish(assignment)
    return assignment


def _assignment(world: World, module: nn.Module, run: Run, tracing: Tracing) -> Assignment:
    asked = world.parameters
    if asked.load_partition:
        return load_assignment(asked.partition_file, module, asked.pipeline_parallel_degree)
    found = assign_stages(
        module,
        asked.pipeline_parallel_degree,
        costs=None if asked.skip_tracing else _costs(module, run, tracing),
        memory_weight=asked.memory_weight,
        auto_partition=asked.auto_partition,
        default_partition=asked.default_partition,
        undivided=state.undivided,
    )
    if asked.partition_file:
        save_assignment(found, asked.partition_file)
    return found


def _costs(module: nn.Module, run: Run, tracing: Tracing) -> Costs:
    initialise(module)  # all of it runs
    return measure_costs(
        module,
        run,
        trace_execution_times=tracing.execution_times,
        trace_memory_usage=tracing.memory_usage,
        recomputed=state.undivided,
    )


def _publish(assignment: Assignment) -> None:
    sys.stderr.write(f"{assignment.report()}\n")
    write_record("partition.json", assignment.to_json())


def write_record(name: str, content: object) -> None:
    """Write a file of the job directory, if there is one. Training goes on without it."""
    files = rank_files()
    if files is None:
        return
    try:
        write_whole(files.directory / name, json.dumps(content).encode())
    except OSError as error:
        sys.stderr.write(f"jupyter_sdt: {name} could not be written: {error}\n")


def restored(assignment: Assignment) -> Assignment:
    """``assignment`` with the stages of a checkpoint that is being resumed, where it names them."""
    wanted = state.partition_to_restore or {}
    rows = [replace(row, stage=wanted.get(row.name, row.stage)) for row in assignment.modules]
    return replace(assignment, modules=tuple(rows))
