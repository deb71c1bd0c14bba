"""Modules of other stages, replaced where they would be called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, cast

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.pipeline.functions import FunctionModule
from jupyter_sdt.runtime.modelparallel.pipeline.modules import Modules
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor, is_remote

RemoteCall = Callable[[int, int, tuple[Any, ...], dict[str, Any]], Any]
StageOf = dict[str, int]


def replace_remote(modules: Modules, stage_of: StageOf, stage: int, call: RemoteCall) -> None:
    """Make calls of modules that are not on ``stage`` remote ones, hooks and all.

    Neighbours in an nn.Sequential that are on one other stage are called together, as a module of
    their own, which ``modules`` and ``stage_of`` get on every stage. What can run anywhere runs
    where its input lies.
    """
    for number, (name, module) in enumerate(zip(modules.names, modules.modules, strict=True)):
        if runs_anywhere(module):
            module._compiled_call_impl = partial(_follow, call, number, module)
        elif stage_of[name] != stage:
            stub = partial(_call, call, number, stage_of[name])
            # nn.Module.__call__ prefers this one to forward() with its hooks, which run on the
            # module's own stage.
            module._compiled_call_impl = stub
            module.forward = stub
    for name, module in list(zip(modules.names, modules.modules, strict=True)):
        if type(module).forward is nn.Sequential.forward and len(module) > 1:  # type: ignore[arg-type]
            parts = list(_together(modules, stage_of, name, call))
            if stage_of[name] == stage and len(parts) < len(list(module.children())):
                module.forward = _InTurn(parts)


def _together(
    modules: Modules, stage_of: StageOf, name: str, call: RemoteCall
) -> Iterator[Callable[[Any], Any]]:
    """What to call, one after the other, for the nn.Sequential ``name``."""
    sequence = modules.modules[modules.names.index(name)]
    own = stage_of[name]

    stages: list[int] = []
    for child in cast("nn.Sequential", sequence):
        follows = bool(stages) and runs_anywhere(child)
        stages.append(stages[-1] if follows else stage_of[modules.names[modules.numbers[child]]])
    pairs = zip(stages, cast("nn.Sequential", sequence), strict=True)
    for stage, children in groupby(pairs, lambda pair: pair[0]):
        run = [child for _, child in children]
        if stage == own or len(run) == 1:
            yield from run
            continue
        number = modules.add(nn.Sequential(*run), f"{name}[{len(modules.names)}]")
        stage_of[modules.names[number]] = stage
        yield partial(_call, call, number, stage)


@dataclass(frozen=True, slots=True)
class _InTurn:
    parts: Sequence[Callable[[Any], Any]]

    def __call__(self, value: Any) -> Any:
        for part in self.parts:
            value = part(value)
        return value


def parts_of(sequence: nn.Sequential) -> list[Callable[[Any], Any]]:
    """What is called, one after the other, when ``sequence`` is called on its own stage."""
    forward = sequence.forward
    return list(forward.parts) if isinstance(forward, _InTurn) else list(sequence)


def self_contained(modules: Modules, stage_of: StageOf, stage: int) -> set[int]:
    """Modules that are on ``stage`` together with everything below them."""

    def is_here(module: nn.Module) -> bool:
        return runs_anywhere(module) or stage_of[modules.names[modules.numbers[module]]] == stage

    return {
        number
        for number, module in enumerate(modules.modules)
        if all(is_here(part) for part in module.modules())
    }


def runs_anywhere(module: nn.Module) -> bool:
    """Whether ``module`` is one of torch's own, and computes with its arguments alone."""
    own = type(module).__module__.startswith("torch.nn.modules.") or isinstance(
        module, FunctionModule
    )
    held = (module._modules, module._parameters, module._buffers)
    return own and not any(any(t is not None for t in part.values()) for part in held)


def _follow(call: RemoteCall, number: int, module: nn.Module, *given: Any, **named: Any) -> Any:
    """Call ``module`` where its tensors lie, if that is one other stage; hooks keep it here."""
    tensors = [t for t in (*given, *named.values()) if isinstance(t, torch.Tensor)]
    stages = {t.stages[0] if isinstance(t, RemoteTensor) else -1 for t in tensors if is_remote(t)}
    hooked = module._forward_hooks or module._forward_pre_hooks or module._backward_hooks
    if len(stages) == 1 and all(map(is_remote, tensors)) and not hooked:
        return call(number, stages.pop(), given, named)
    return cast("Any", module)._call_impl(*given, **named)


def _call(call: RemoteCall, number: int, stage: int, *arguments: Any, **named: Any) -> Any:
    return call(number, stage, arguments, named)
