"""Calling a module of another stage: now, and once more in backward.

The caller's graph has one node for each call, and torch decides when its gradients are complete.
A result whose form is known from earlier calls is not waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.calls import (
    Gradients,
    Record,
    borders,
    link,
    metas,
)
from jupyter_sdt.runtime.modelparallel.pipeline.functions import (
    VIEWS,
    Function,
    FunctionModule,
    asking_line,
)
from jupyter_sdt.runtime.modelparallel.pipeline.loop import Loop
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Backward,
    Call,
    Key,
    Meta,
    Push,
    Result,
)
from jupyter_sdt.runtime.modelparallel.pipeline.mode import calling_mode, current_mode
from jupyter_sdt.runtime.modelparallel.pipeline.modules import Modules
from jupyter_sdt.runtime.modelparallel.pipeline.packing import Packed, pack, unpack
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import Arguments, RemoteTensor


class Caller:
    """Calls modules of other stages from within the running task of a step."""

    def __init__(self, loop: Loop, modules: Modules, device: torch.device) -> None:
        self._loop, self._modules, self._device = loop, modules, device
        self._token = torch.zeros((), requires_grad=True)

    def call(self, number: int, stage: int, arguments: tuple[Any, ...], named: Any) -> Any:
        """Do what calling the module would do, on its stage."""
        what = f"an argument of {self._modules.names[number]}"
        packed = pack((arguments, named), self._modules.numbers, what)
        mode = current_mode() if self._is_function(number) else calling_mode()
        asked = [mode.grad and tensor.requires_grad for tensor in packed.tensors]
        signature = (number, packed.skeleton, metas(packed.tensors, asked), mode)
        known = self._modules.forms.get(signature)
        frame = self._loop.current().post.numbers.next()
        keys = self._keys(frame, known)
        expected = None if known is None else known.form
        line = asking_line() if self._is_function(number) else None
        call = Call(frame, number, packed.skeleton, (), mode, expected, line)
        pushes = self._pushes(signature, keys)
        self._ask(stage, call, packed, asked, pushes)
        outputs: list[torch.Tensor] = []
        result = known or self._returned(frame, stage, outputs)
        self._modules.learn(signature, result)
        if known is not None or self._is_function(number):
            pairs = zip(result.metas, self._keys(frame, result), strict=True)
            outputs = [self._expected(m, key, stage, (signature, pushes)) for m, key in pairs]
        if mode.grad:
            inputs = [i for i, wanted in enumerate(asked) if wanted]
            record = Record(self, frame, stage, signature, result.metas, inputs)
            self._link(record, [packed.tensors[index] for index in inputs], outputs)
        return unpack(result.skeleton, outputs, self._modules.modules)

    def computes(self, function: Function) -> bool:
        """Whether other stages compute ``function``."""
        return function in self._modules.functions

    def compute(self, stage: int, what: Arguments) -> Any:
        """Have ``stage`` compute a function of tensors that lie there."""
        function, arguments, named = what
        result = self.call(self._modules.functions[function], stage, tuple(arguments), dict(named))
        if function not in VIEWS:
            return result
        result.looks_at = what
        return result

    def _ask(
        self,
        stage: int,
        call: Call,
        packed: Packed,
        asked: list[bool],
        pushes: Sequence[Push],
    ) -> None:
        task = self._loop.current()
        task.follow(call.frame, packed.tensors)
        keys = task.give(packed.tensors, stage)
        call = call._replace(arguments=tuple(zip(keys, asked, strict=True)))
        # Nobody waits for a function, and the form of its result follows from its arguments'.
        later = call.expected is None or self._is_function(call.module) or stage == task.turns_at
        task.ask(stage, call, pushes, later=later)

    def _is_function(self, number: int) -> bool:
        return isinstance(self._modules.modules[number], FunctionModule)

    def _pushes(self, signature: Any, keys: Sequence[Key]) -> list[Push]:
        """Sending what comes out to where it was needed before, without being asked."""
        needed = self._modules.needed
        return [Push(key, stage) for key in keys for stage in needed.get((signature, key[1:]), ())]

    @staticmethod
    def _keys(frame: int, result: Result | None) -> list[Key]:
        return [] if result is None else [(frame, "output", i) for i in range(len(result.metas))]

    def _returned(self, frame: int, stage: int, outputs: list[torch.Tensor]) -> Result:
        """Wait for a result of unknown form; its tensors are added to ``outputs``."""
        task = self._loop.current()
        self._loop.wait(lambda: frame in task.results)
        result = task.results.pop(frame)
        for key, meta in zip(self._keys(frame, result), result.metas, strict=True):
            value = self._here(key)
            on_cpu = value.device.type == "cpu"
            if not on_cpu:
                value = RemoteTensor(meta, key, stage, self, self._device).arrived(value)
            outputs.append(value)
        return result

    def _expected(
        self, meta: Meta, key: Key, stage: int, sent: tuple[Any, Sequence[Push]]
    ) -> RemoteTensor:
        """The tensor ``key`` of a call; ``sent`` is its signature, and where it is pushed to."""
        signature, pushes = sent
        tensor = RemoteTensor(meta, key, stage, self, self._device)
        tensor.needed = self._modules.needed.setdefault((signature, key[1:]), [])
        tensor.stages += [push.stage for push in pushes if push.key == key]
        return tensor

    def _here(self, key: Key) -> torch.Tensor:
        value = self._loop.held(self._loop.current().microbatch).values[key]
        assert value is not None
        return value.to(self._device)

    def fetch(self, tensor: RemoteTensor) -> torch.Tensor:
        """Wait for the content of ``tensor``; a gradient that does not exist is zero."""
        task = self._loop.current()
        values = self._loop.held(task.microbatch).values
        own = self._loop.post.connections.stage
        if own not in tensor.stages:
            task.ask(tensor.stages[0], Push(tensor.key, own))
            tensor.sent_to(own)
        self._loop.wait(lambda: tensor.key in values)
        value = values[tensor.key]
        if value is None:
            return torch.zeros(tensor.shape, dtype=tensor.dtype, device=self._device)
        return value.to(self._device)

    def _link(
        self, record: Record, inputs: Sequence[torch.Tensor], outputs: list[torch.Tensor]
    ) -> None:
        linked, task = link(record, self._token, inputs, outputs), self._loop.current()
        if task.light:
            task.borders += borders(record, self._token, inputs, linked)

    def backward(self, record: Record, gradients: Gradients) -> list[Any]:
        """Send gradients of outputs; return those of inputs, to be fetched later where possible."""
        task = self._loop.current()
        differentiable = [i for i, meta in enumerate(record.metas) if meta[2]]
        pairs = zip(differentiable, gradients, strict=True)
        given = [(index, gradient) for index, gradient in pairs if gradient is not None]
        keys = task.give([gradient for _, gradient in given], record.stage)
        wanted = [i for i, remote in zip(record.inputs, record.remote, strict=True) if not remote]
        numbered = tuple((index, key) for (index, _), key in zip(given, keys, strict=True))
        request = Backward(record.frame, numbered, tuple(wanted))
        passed = [(record.frame, "gradient", i) for i in record.inputs if i not in wanted]
        record.pushes = self._pushes(record.signature, passed)
        later = bool(wanted) or self._is_function(record.signature[0])
        task.ask(record.stage, request, record.pushes, later=later)
        values = self._loop.held(task.microbatch).values
        if wanted:
            missing = [(record.frame, "gradient", index) for index in wanted]
            self._loop.wait(lambda: all(key in values for key in missing))
        return [self._gradient(record, place, values) for place in range(len(record.inputs))]

    def _gradient(self, record: Record, place: int, values: Any) -> torch.Tensor | None:
        key = (record.frame, "gradient", record.inputs[place])
        if record.remote[place]:
            sent = record.signature, record.pushes
            return self._expected(record.forms[place], key, record.stage, sent)
        value = values.pop(key)
        return None if value is None else cast("torch.Tensor", value.to(self._device))
