"""Memory of each stage in training, predicted from its assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.runtime.modelparallel.partition.assignment import Assignment

Schedule = Literal["simple", "interleaved", "1f1b"]
_SCHEDULES = ("simple", "interleaved", "1f1b")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMemory:
    """Bytes that one rank needs at the same time: what its parameters bring, and activations.

    ``temporary`` is what exists for a moment beside them: gradients of the largest module before
    they are added to those of earlier microbatches, what the largest checkpointed module computes
    anew, or of sharded models a layer as a whole.
    """

    parameters: int
    gradients: int
    optimizer: int
    activations: int
    temporary: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        lasting = self.parameters + self.gradients + self.optimizer
        return lasting + self.activations + self.temporary


def predict_memory(
    assignment: Assignment,
    microbatches: int,
    schedule: Schedule,
    *,
    active_microbatches: int | None = None,
    in_flight: Sequence[int] | None = None,
    optimizer_factor: float = 2.0,
) -> tuple[StageMemory, ...]:
    """Memory of each stage for ``microbatches`` in flight by ``schedule``.

    ``in_flight``, what :func:`recorded_in_flight` found for each stage, goes before the rule.
    ``optimizer_factor`` is the optimizer's state in units of the parameters: 2 for Adam, 1 for SGD
    with momentum, 0 for plain SGD. Activations are only known of measured assignments; what the
    stage holds of inputs that came from elsewhere is not counted. Raises SpecError for a schedule
    that does not exist and numbers below 1.
    """
    flying = in_flight or microbatches_in_flight(
        assignment.stages, microbatches, schedule, active_microbatches=active_microbatches
    )
    return tuple(
        StageMemory(
            parameters=parameters,
            gradients=parameters,
            optimizer=int(parameters * optimizer_factor),
            activations=kept * count,
            temporary=largest + anew,
        )
        for parameters, kept, count, largest, anew in zip(
            assignment.parameters_bytes,
            assignment.activation_bytes,
            flying,
            assignment.largest_bytes,
            assignment.recomputed_bytes,
            strict=True,
        )
    )


def microbatches_in_flight(
    stages: int, microbatches: int, schedule: Schedule, *, active_microbatches: int | None = None
) -> tuple[int, ...]:
    """How many microbatches each stage holds at most between their forward and their backward.

    ``simple`` runs all forwards first. ``interleaved`` prefers backwards and lets at most
    ``active_microbatches`` (stages + 2 by default) into the pipeline; towards its end there are
    fewer, which depends on the moment. ``1f1b``, the fixed order in which plain chains are
    replayed, holds as many as there are stages from here to the end
    (https://arxiv.org/abs/2104.04473, section 2.2), and on the first stage one with which it begins
    while the others fill. Where the loss is not computed on the last stage, because the step
    function does more with the result than torch's losses, each stage holds one more.
    """
    if schedule not in _SCHEDULES:
        raise SpecError(
            f"schedule={schedule!r} must be one of {', '.join(_SCHEDULES)}"
            f"{did_you_mean(str(schedule), _SCHEDULES)}",
            argument="schedule",
        )
    active = stages + 2 if active_microbatches is None else active_microbatches
    for name, value in (("microbatches", microbatches), ("active_microbatches", active)):
        if value < 1:
            raise SpecError(f"{name}={value} must be at least 1", argument=name)
    if schedule == "simple":
        return (microbatches,) * stages
    limit = min(microbatches, active)
    if schedule == "interleaved":
        return (limit,) * stages
    return tuple(min(limit, stages - stage + (not stage)) for stage in range(stages))


def recorded_in_flight(schedule: Mapping[str, Any]) -> tuple[int, ...]:
    """How many microbatches each stage held at most, in a step whose ``schedule.json`` this is.

    A stage holds one from the beginning of its first forward to the end of its last backward.
    """
    return tuple(
        _most_at_once([task for task in schedule["tasks"] if task["stage"] == stage])
        for stage in range(schedule["stages"])
    )


def _most_at_once(tasks: Sequence[Mapping[str, Any]]) -> int:
    begin: dict[int, float] = {}
    end: dict[int, float] = {}
    for task in tasks:
        number = task["microbatch"]
        begin[number] = min(begin.get(number, task["start"]), task["start"])
        end[number] = max(end.get(number, task["end"]), task["end"])
    # One that ends when another begins has made room for it.
    changes = sorted([(t, 1) for t in begin.values()] + [(t, -1) for t in end.values()])
    held, most = 0, 0
    for _, change in changes:
        held += change
        most = max(most, held)
    return most
