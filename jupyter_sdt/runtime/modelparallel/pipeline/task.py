"""One line of work of a microbatch: the step function, or what another stage has asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Burst,
    Key,
    Phase,
    Push,
    Request,
    Result,
    Values,
)
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor, is_remote
from jupyter_sdt.runtime.modelparallel.pipeline.strand import Strand


@dataclass(slots=True)
class Numbers:
    """Numbers that no other stage of the pipeline gives."""

    stage: int
    last: int = 0

    def next(self) -> int:
        """A new one."""
        self.last += 1
        return self.last << 10 | self.stage


@dataclass(slots=True)
class Post:
    """How a step sends: where to, which step it is, and numbers for what it sends."""

    step: int
    connections: Connections
    numbers: Numbers


@dataclass(slots=True, eq=False)
class Task:
    """``ready`` says whether a task that waits can go on; without it, it can.

    Requests are collected, and sent to a stage when there is something new to send it, or when the
    task waits: a chain of calls arrives as one burst and is answered once.
    """

    post: Post
    microbatch: int
    phase: Phase = "forward"
    root: bool = False
    caller: int = 0  # the stage that asked for it
    started: bool = False
    backward_asked: bool = False
    complete: bool = False
    strand: Strand | None = None
    ready: Callable[[], bool] | None = None
    results: dict[int, Result] = field(default_factory=dict)
    unanswered: set[int] = field(default_factory=set)
    surprises: list[int] = field(default_factory=list)
    _pending: dict[int, list[Request]] = field(default_factory=dict)
    _given: dict[tuple[int, int, int], Key] = field(default_factory=dict)
    _kept: list[torch.Tensor] = field(default_factory=list)

    def ask(self, stage: int, request: Request) -> None:
        """Let ``stage`` do something, soon."""
        self._pending.setdefault(stage, []).append(request)

    def give(self, tensors: Sequence[torch.Tensor], stage: int) -> list[Key]:
        """See to it that ``stage`` gets each of ``tensors``, and return how it will know them.

        What is not known there yet is sent at once, together with what was asked so far.
        """
        new: dict[Key, torch.Tensor] = {}
        keys = [self._placed(tensor, stage, new) for tensor in tensors]
        if new:
            message = Values(self.post.step, self.microbatch, tuple(new))
            self.post.connections.send(stage, message, list(new.values()))
        return keys

    def flush(self) -> list[int]:
        """Send all that was asked; return the numbers of the bursts."""
        numbers = []
        for stage, requests in self._pending.items():
            number = self.post.numbers.next()
            burst = Burst(self.post.step, self.microbatch, number, self.phase, tuple(requests), ())
            self.unanswered.add(number)
            numbers.append(number)
            self.post.connections.send(stage, burst)
        self._pending.clear()
        return numbers

    def _placed(self, tensor: torch.Tensor, stage: int, new: dict[Key, torch.Tensor]) -> Key:
        if isinstance(tensor, RemoteTensor):
            if is_remote(tensor):
                return self._passed_on(tensor, stage)
            tensor = tensor.actual if tensor.actual is not None else tensor.value()
        version = 0 if tensor.is_inference() else tensor._version
        name = (stage, id(tensor), version)
        if name not in self._given:
            self._given[name] = key = (self.post.numbers.next(), "given", 0)
            self._kept.append(tensor)  # or another tensor might get its id
            new[key] = tensor
        return self._given[name]

    def _passed_on(self, tensor: RemoteTensor, stage: int) -> Key:
        if stage not in tensor.stages:
            self.ask(tensor.stages[0], Push(tensor.key, stage))
            tensor.stages.append(stage)
        return tensor.key
