"""Doing what other stages ask for: calling our modules, and going back through them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.activations.recompute import recomputed
from jupyter_sdt.runtime.modelparallel.pipeline.draining import Drain
from jupyter_sdt.runtime.modelparallel.pipeline.frames import Frame, Inputs, Rest, go_back
from jupyter_sdt.runtime.modelparallel.pipeline.functions import add_line
from jupyter_sdt.runtime.modelparallel.pipeline.held import Held
from jupyter_sdt.runtime.modelparallel.pipeline.joining import joined
from jupyter_sdt.runtime.modelparallel.pipeline.loop import Loop
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Answer,
    Backward,
    Burst,
    Call,
    Key,
    Line,
    Meta,
    Push,
    Result,
    Spoilt,
    Values,
)
from jupyter_sdt.runtime.modelparallel.pipeline.mode import applied
from jupyter_sdt.runtime.modelparallel.pipeline.modules import Modules
from jupyter_sdt.runtime.modelparallel.pipeline.packing import pack, unpack
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor, resolved
from jupyter_sdt.runtime.modelparallel.pipeline.repeatable import noticed
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task


@dataclass(slots=True)
class _Reply:
    joined: frozenset[Key]
    is_last: bool  # of the step
    results: list[Result] = field(default_factory=list)
    surprises: list[int] = field(default_factory=list)
    tensors: dict[Key, torch.Tensor] = field(default_factory=dict)
    absent: list[Key] = field(default_factory=list)
    frames: list[Frame | None] = field(default_factory=list)  # to take down once it is sent
    rest: list[Rest] | None = None  # of going back, to be done then

    def add(self, key: Key, value: torch.Tensor | None) -> None:
        if value is None:
            self.absent.append(key)
        else:
            self.tensors[key] = value


class Server:
    """Serves bursts. ``self_contained`` are modules that call none of other stages.

    ``drain`` knows about the last one of a step.
    """

    def __init__(
        self, modules: Modules, self_contained: Collection[int], device: torch.device, drain: Drain
    ) -> None:
        self._modules, self._self_contained, self._device = modules, self_contained, device
        self._drain = drain
        self._forms: dict[tuple[bytes, tuple[Meta, ...]], int] = {}

    def serve(self, loop: Loop, task: Task, burst: Burst) -> None:
        """Do all that ``burst`` asks for, then answer."""
        reply = _Reply(joined(burst.requests), is_last=loop.turns.at_last)
        self._do(loop, task, burst, reply)
        loop.settle()
        held = loop.held(burst.microbatch)
        held.served.add(burst.number)
        held.surprises += [*reply.surprises, *task.surprises]
        if burst.answered:
            self._answer(loop, task, burst, reply)
        if reply.is_last and reply.frames:
            self._drain.answered(reply.rest)

    def _do(self, loop: Loop, task: Task, burst: Burst, reply: _Reply) -> None:
        held = loop.held(burst.microbatch)
        for request in burst.requests:
            match request:
                case Push(_, stage) if burst.attempt in held.spoilt:
                    _spoil(loop, burst, stage)
                case _ if burst.attempt in held.spoilt:
                    continue
                case Call():
                    self._call(request, held, reply)
                    if reply.surprises and burst.attempt is not None:
                        held.spoilt.add(burst.attempt)
                case Backward():
                    self._back(loop, request, burst, reply)
                case Push(key, stage) if stage == task.caller:
                    reply.add(key, held.values[key])
                case Push():
                    _push(loop, burst.microbatch, request, held)

    def stays_here(self, loop: Loop, task: Task) -> bool:
        """Whether serving the task's burst will not call modules of other stages."""
        if task.burst is None:
            return False
        frames = loop.held(task.microbatch).frames
        for request in task.burst.requests:
            if isinstance(request, Call):
                module = request.module
            elif isinstance(request, Backward) and request.frame in frames:
                module = frames[request.frame].module
            else:
                continue
            if module not in self._self_contained:
                return False
        return True

    def surprised(self, modules: Iterable[int]) -> None:
        """Wait for the results of ``modules`` from now on: they do not always have one form."""
        self._modules.unlearn(modules)

    @staticmethod
    def _answer(loop: Loop, task: Task, burst: Burst, reply: _Reply) -> None:
        held = loop.held(burst.microbatch)
        answer = Answer(
            burst.step,
            burst.microbatch,
            burst.number,
            tuple(reply.results),
            tuple(held.surprises),
            tuple(reply.tensors),
            tuple(reply.absent),
        )
        held.surprises.clear()
        loop.post.connections.send(task.caller, answer, list(reply.tensors.values()))

    def _back(self, loop: Loop, request: Backward, burst: Burst, reply: _Reply) -> None:
        held = loop.held(burst.microbatch)
        if reply.is_last and not reply.frames:  # it is the first of this burst
            asked = [r.frame for r in burst.requests if isinstance(r, Backward)]
            reply.rest = self._drain.begin([held.frames.get(frame) for frame in asked])
        loop.timeline.turn("backward")
        _go_back(request, held, reply)

    def _call(self, call: Call, held: Held, reply: _Reply) -> None:
        with applied(call.mode):
            arguments, inputs = self._arguments(call, held, reply.joined)
            positional, named = unpack(call.skeleton, arguments, self._modules.modules)
            module, before = self._modules.modules[call.module], noticed()
            with _asked_by(call.asked_by):
                returned = _call(module, positional, named, call.mode.recompute)
            what = f"the result of {self._modules.names[call.module]}"
            packed = pack(returned, self._modules.numbers, what)
            outputs = [_here(tensor) for tensor in packed.tensors]
        metas = tuple((t.dtype, tuple(t.shape), t.requires_grad) for t in outputs)
        form = self._forms.setdefault((packed.skeleton, metas), len(self._forms))
        for index, output in enumerate(outputs):
            held.values[call.frame, "output", index] = output.detach()
        if any(meta[2] for meta in metas):
            unnoticed = call.mode.recompute is None and noticed() == before
            held.frames[call.frame] = Frame(call.module, outputs, inputs, repeatable=unnoticed)
        if call.expected is None:
            reply.results.append(Result(call.frame, packed.skeleton, metas, form, packed.steady))
            for index in range(len(outputs)):
                key = (call.frame, "output", index)
                reply.add(key, held.values[key])
        elif call.expected != form:
            reply.surprises.append(call.module)

    def _arguments(
        self, call: Call, held: Held, joined: frozenset[Key]
    ) -> tuple[list[torch.Tensor], Inputs]:
        found = [
            cast("torch.Tensor", held.values[key]).detach().to(self._device)
            for key, _ in call.arguments
        ]
        indices = []
        for index, (key, wanted) in enumerate(call.arguments):
            if (call.frame, "gradient", index) in joined and key[0] in held.frames:
                found[index] = held.frames[key[0]].outputs[key[2]]
            elif wanted:
                indices.append(index)
        inputs = Inputs(indices, [found[i] for i in indices])
        for index, tensor in inputs.received():
            found[index] = tensor
        return found, inputs


def _call(
    module: nn.Module, positional: Sequence[Any], named: dict[str, Any], recompute: bool | None
) -> Any:
    if recompute is None:
        return module(*positional, **named)
    return recomputed(module, positional, named, preserve_rng_state=recompute)


@contextmanager
def _asked_by(line: Line | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if line is not None:
            add_line(error, line)
        raise


def _here(tensor: torch.Tensor) -> torch.Tensor:
    return cast("torch.Tensor", resolved(tensor)) if isinstance(tensor, RemoteTensor) else tensor


def _go_back(request: Backward, held: Held, reply: _Reply) -> None:
    reply.frames.append(held.frames.get(request.frame))
    for key in reply.joined:
        if key[0] == request.frame:
            held.values[key] = None  # it has gone on already
    for index, gradient in go_back(request, held, reply.rest):
        key = (request.frame, "gradient", index)
        if index in request.wanted:
            reply.add(key, gradient)
        else:
            held.values[key] = gradient


def _push(loop: Loop, microbatch: int, push: Push, held: Held) -> None:
    value = held.values[push.key]
    if value is None:
        message, tensors = Values(loop.post.step, microbatch, (), (push.key,)), []
    else:
        message, tensors = Values(loop.post.step, microbatch, (push.key,)), [value]
    loop.post.connections.send(push.stage, message, tensors)


def _spoil(loop: Loop, burst: Burst, stage: int) -> None:
    if stage:  # the first stage hears of it in answers
        message = Spoilt(loop.post.step, burst.microbatch, burst.attempt)
        loop.post.connections.send(stage, message)
