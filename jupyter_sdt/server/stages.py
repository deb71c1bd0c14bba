"""Pipeline stages of a job: which runs which module, and what each did in the recorded step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypedDict, TypeVar

from jupyter_sdt.server.small_files import read_small_object
from jupyter_sdt.store.job_directory import JobDirectory

T = TypeVar("T")

# Of models larger than this the first modules are told; nobody reads more.
MOST_ROWS = 20_000
# A script may write into its job's folder what it likes.
_MOST_BYTES = 16 << 20
_MOST = 2**53  # what a number of JavaScript holds


class StageModule(TypedDict):
    """A module on its stage; ``cost`` is its share of the whole model's, 0 to 1."""

    name: str
    stage: int
    parameters_bytes: int
    cost: float
    activation_bytes: int


class StageTask(TypedDict):
    """A stretch of work on a microbatch, in seconds since the epoch."""

    stage: int
    microbatch: int
    kind: Literal["forward", "backward"]
    start: float
    end: float


class Stages(TypedDict):
    """Everything about the stages; ``stages`` is 0 for a job that has none (yet)."""

    stages: int
    microbatches: int
    modules: list[StageModule]
    tasks: list[StageTask]


def read_stages(directory: JobDirectory) -> Stages:
    """Return what partition.json and schedule.json of a job say; rows that are none are left out.

    The format: docs/job_directory.md.
    """
    partition = read_small_object(directory.path / "partition.json", _MOST_BYTES)
    schedule = read_small_object(directory.path / "schedule.json", _MOST_BYTES)
    modules = _rows(partition.get("modules"), _module)
    tasks = _rows(schedule.get("tasks"), _task)
    return Stages(
        stages=1 + max((row["stage"] for row in (*modules, *tasks)), default=-1),
        microbatches=1 + max((task["microbatch"] for task in tasks), default=-1),
        modules=modules,
        tasks=tasks,
    )


def _rows(found: Any, convert: Callable[[dict[str, Any]], T]) -> list[T]:
    rows: Iterable[Any] = found[:MOST_ROWS] if isinstance(found, list) else []
    made = []
    for row in rows:
        try:
            made.append(convert(row))
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return made


def _module(row: dict[str, Any]) -> StageModule:
    return StageModule(
        name=str(row["name"]),
        stage=_count(row["stage"]),
        parameters_bytes=_count(row["parameters_bytes"]),
        cost=_finite(row["cost"]),
        activation_bytes=_count(row.get("activation_bytes", 0)),
    )


def _task(row: dict[str, Any]) -> StageTask:
    if row["kind"] not in ("forward", "backward") or row["end"] < row["start"]:
        raise ValueError(row)
    return StageTask(
        stage=_count(row["stage"]),
        microbatch=_count(row["microbatch"]),
        kind=row["kind"],
        start=_finite(row["start"]),
        end=_finite(row["end"]),
    )


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(value)
    return value


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)
