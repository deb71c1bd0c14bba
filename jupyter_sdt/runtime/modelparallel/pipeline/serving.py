"""Doing what other stages ask for: calling our modules, and going back through them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel.activations.recompute import recomputed
from jupyter_sdt.runtime.modelparallel.pipeline.held import Held
from jupyter_sdt.runtime.modelparallel.pipeline.loop import Loop
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Answer,
    Backward,
    Burst,
    Call,
    Key,
    Meta,
    Push,
    Result,
    Values,
)
from jupyter_sdt.runtime.modelparallel.pipeline.mode import applied
from jupyter_sdt.runtime.modelparallel.pipeline.packing import pack, unpack
from jupyter_sdt.runtime.modelparallel.pipeline.remote_call import Modules
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor, resolved
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task


@dataclass(slots=True)
class _Inputs:
    """The arguments of a frame that want a gradient, by index, and those gradients."""

    indices: list[int]
    tensors: list[torch.Tensor]
    gradients: Sequence[torch.Tensor | None] = ()


@dataclass(slots=True)
class _Frame:
    """One call that awaits its backward."""

    module: int
    outputs: list[torch.Tensor]
    inputs: _Inputs


@dataclass(slots=True)
class _Reply:
    results: list[Result] = field(default_factory=list)
    surprises: list[int] = field(default_factory=list)
    tensors: dict[Key, torch.Tensor] = field(default_factory=dict)
    absent: list[Key] = field(default_factory=list)

    def add(self, key: Key, value: torch.Tensor | None) -> None:
        if value is None:
            self.absent.append(key)
        else:
            self.tensors[key] = value


class Server:
    """Serves bursts. ``self_contained`` are modules that call none of other stages."""

    def __init__(
        self, modules: Modules, self_contained: Collection[int], device: torch.device
    ) -> None:
        self._modules, self._self_contained, self._device = modules, self_contained, device
        self._token = torch.zeros((), requires_grad=True)
        self._forms: dict[tuple[bytes, tuple[Meta, ...]], int] = {}

    def serve(self, loop: Loop, task: Task, burst: Burst) -> None:
        """Do all that ``burst`` asks for, then answer, if asked to."""
        reply = _Reply()
        held = loop.held(burst.microbatch)
        for request in burst.requests:
            match request:
                case Call():
                    self._call(request, held, reply)
                case Backward():
                    _go_back(request, held, reply)
                case Push(key, stage) if stage == task.caller:
                    reply.add(key, held.values[key])
                case Push():
                    _push(loop, burst.microbatch, request, held)
        loop.settle()
        held.served.add(burst.number)
        held.surprises += [*reply.surprises, *task.surprises]
        if burst.answer:
            self._answer(loop, task, burst, reply)

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

    def _call(self, call: Call, held: Held, reply: _Reply) -> None:
        with applied(call.mode):
            arguments, inputs = self._arguments(call, held)
            positional, named = unpack(call.skeleton, arguments, self._modules.modules)
            module = self._modules.modules[call.module]
            if call.mode.recompute is None:
                returned = module(*positional, **named)
            else:
                preserve = call.mode.recompute
                returned = recomputed(module, positional, named, preserve_rng_state=preserve)
            what = f"the result of {self._modules.names[call.module]}"
            packed = pack(returned, self._modules.numbers, what)
            outputs = [_here(tensor) for tensor in packed.tensors]
        metas = tuple((t.dtype, tuple(t.shape), t.requires_grad) for t in outputs)
        form = self._forms.setdefault((packed.skeleton, metas), len(self._forms))
        for index, output in enumerate(outputs):
            held.values[call.frame, "output", index] = output.detach()
        if any(meta[2] for meta in metas):
            held.frames[call.frame] = _Frame(call.module, outputs, inputs)
        if call.expected is None:
            reply.results.append(Result(call.frame, packed.skeleton, metas, form, packed.steady))
            for index in range(len(outputs)):
                key = (call.frame, "output", index)
                reply.add(key, held.values[key])
        elif call.expected != form:
            reply.surprises.append(call.module)

    def _arguments(self, call: Call, held: Held) -> tuple[list[torch.Tensor], _Inputs]:
        found = [
            cast("torch.Tensor", held.values[key]).detach().to(self._device)
            for key, _ in call.arguments
        ]
        indices = [i for i, (_, wanted) in enumerate(call.arguments) if wanted]
        inputs = _Inputs(indices, [found[i] for i in indices])
        if indices:
            received = cast("Any", _Received).apply(self._token, inputs)
            for index, tensor in zip(indices, received, strict=True):
                found[index] = tensor
        return found, inputs


def _here(tensor: torch.Tensor) -> torch.Tensor:
    return cast("torch.Tensor", resolved(tensor)) if isinstance(tensor, RemoteTensor) else tensor


def _go_back(request: Backward, held: Held, reply: _Reply) -> None:
    frame = held.frames.pop(request.frame, None)
    if frame is None:
        raise RuntimeStateError(
            "backward went twice through a module of another stage; call model.backward() once "
            "for each microbatch, on the sum of the losses"
        )
    pairs = [(frame.outputs[index], held.values[key]) for index, key in request.gradients]
    present = [(output, grad.to(output.device)) for output, grad in pairs if grad is not None]
    if present:
        torch.autograd.backward([o for o, _ in present], [g for _, g in present])
    gradients = frame.inputs.gradients or [None] * len(frame.inputs.indices)
    for index, gradient in zip(frame.inputs.indices, gradients, strict=True):
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


class _Received(torch.autograd.Function):
    """The beginning of a frame's graph: what comes back here is sent to the caller."""

    @staticmethod
    def forward(ctx: Any, token: torch.Tensor, inputs: _Inputs) -> Any:
        del token
        ctx.inputs = inputs
        ctx.set_materialize_grads(False)
        received, inputs.tensors = tuple(inputs.tensors), []
        return received

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> Any:
        ctx.inputs.gradients = [_resolved_gradient(gradient) for gradient in gradients]
        return None, None


def _resolved_gradient(gradient: torch.Tensor | None) -> torch.Tensor | None:
    return gradient.value() if isinstance(gradient, RemoteTensor) else gradient
