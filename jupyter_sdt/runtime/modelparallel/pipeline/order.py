"""Whose turn it is, of the tasks that can go on."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_sdt.runtime.modelparallel.pipeline.held import Held
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Backward, Burst, Call, Key, Push
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task


def next_task(tasks: Iterable[Task]) -> Task | None:
    """The first that is ready, in the order of :func:`place`; None when all wait."""
    ready = [task for task in tasks if task.ready is None or task.ready()]
    return min(ready, key=place, default=None)


def place(task: Task) -> tuple[int, int]:
    """Smaller goes first.

    A step function that goes on after forward is short and lets other stages begin their backward.
    Backward frees memory, so it goes before forward, and what has begun before what has not.
    """
    if task.phase == "backward":
        rank = 1
    elif task.root:
        rank = 0 if task.started else 4
    else:
        rank = 2 if task.started else 3
    return rank, task.microbatch


def is_ready(burst: Burst, held: Held, missing: frozenset[Key]) -> bool:
    """Whether a burst that needs the tensors ``missing`` can be served, or is past serving."""
    before = burst.after is None or burst.after in held.served
    complete = before and all(key in held.values for key in missing)
    return complete or burst.attempt in held.spoilt


def needs(burst: Burst) -> frozenset[Key]:
    """Tensors that must be here before a burst can be served."""
    asked: set[Key] = set()
    made: set[int] = set()
    for request in burst.requests:
        match request:
            case Call(frame, _, _, arguments):
                asked.update(key for key, _ in arguments)
                made.add(frame)
            case Backward(frame, gradients):
                asked.update(key for _, key in gradients)
                made.add(frame)
            case Push(key):
                asked.add(key)
    return frozenset(key for key in asked if key[0] not in made)
