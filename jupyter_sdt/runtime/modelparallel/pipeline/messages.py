"""What stages say to each other. Tensors travel beside a message, in the order of its keys."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch

Phase = Literal["forward", "backward"]
# A tensor of one microbatch, wherever it lies: (frame or number, "output" or "gradient" or
# "given", index). A frame is one call of a module of another stage.
Key = tuple[int, str, int]
# of a script: file, number, name of the function it is in
Line = tuple[str, int, str]
# dtype, shape, whether it requires a gradient
Meta = tuple[torch.dtype, tuple[int, ...], bool]


class Mode(NamedTuple):
    """State of torch that belongs to a thread, and that a remote call takes along."""

    grad: bool
    inference: bool
    # device type -> dtype, where autocast is on
    autocast: tuple[tuple[str, torch.dtype], ...]
    # Whether to compute it anew in backward, and then with the same random numbers.
    recompute: bool | None = None


class Call(NamedTuple):
    """Call a module. ``expected`` is the result's form, where the caller did not wait for it.

    ``asked_by`` is the script's line that asked for a function, which is in no traceback of errors.
    """

    frame: int
    module: int
    skeleton: bytes
    arguments: tuple[tuple[Key, bool], ...]  # with whether a gradient will be asked for
    mode: Mode
    expected: int | None
    asked_by: Line | None = None


class Backward(NamedTuple):
    """Go back through a frame, given gradients of some outputs; ``wanted`` arguments' return."""

    frame: int
    gradients: tuple[tuple[int, Key], ...]
    wanted: tuple[int, ...]


class Push(NamedTuple):
    """Send a tensor to another stage."""

    key: Key
    stage: int


Request = Call | Backward | Push


class Burst(NamedTuple):
    """Requests of one task to one stage, which are answered together.

    ``after`` is the burst before it, which is served first; ``complete`` are microbatches of which
    nothing will be asked any more. With ``attempt`` the task goes on before it is answered, so
    nothing may be done any more once a result of that attempt was a surprise. One that is not
    ``answered`` is so with the next.
    """

    step: int
    microbatch: int
    number: int
    phase: Phase
    requests: tuple[Request, ...]
    keys: tuple[Key, ...]
    after: int | None
    attempt: int | None
    complete: tuple[int, ...]
    answered: bool = True


class Result(NamedTuple):
    """What a module returned: its tensors have the keys ``(frame, "output", index)``."""

    frame: int
    skeleton: bytes
    metas: tuple[Meta, ...]
    form: int
    steady: bool


class Answer(NamedTuple):
    """Bursts are done. ``surprises`` are calls whose result has another form than expected."""

    step: int
    microbatch: int
    number: int
    results: tuple[Result, ...]
    surprises: tuple[int, ...]
    keys: tuple[Key, ...]
    absent: tuple[Key, ...]


class Values(NamedTuple):
    """Tensors that somebody needs, and keys of gradients that do not exist."""

    step: int
    microbatch: int
    keys: tuple[Key, ...]
    absent: tuple[Key, ...] = ()


class Spoilt(NamedTuple):
    """What should have come will not: an attempt went by a form that proved wrong."""

    step: int
    microbatch: int
    attempt: int | None


class Done(NamedTuple):
    """The step is complete; ``skeleton`` holds what the step function returned."""

    step: int
    skeleton: bytes


class Failed(NamedTuple):
    """A stage cannot go on."""

    step: int
    stage: int
    rank: int
    summary: str
    traceback: str


class Order(NamedTuple):
    """The tasks of a stage in this step, in order: the step is a chain like an earlier one."""

    step: int
    names: tuple[tuple[int, int, int], ...]


class Astray(NamedTuple):
    """The step goes another way than recorded: its order does not hold any more."""

    step: int


class Turn(NamedTuple):
    """What the first replica of a stage does next: the others do the same."""

    step: int
    task: tuple[int, int, int]


class Lost(NamedTuple):
    """The connection to a rank has ended."""

    rank: int


TurnMessage = Order | Astray | Turn
Message = Burst | Answer | Values | Spoilt | Done | Failed | Order | Astray | Turn | Lost
