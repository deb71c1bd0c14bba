"""Modules of other stages, replaced where they would be called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, cast

from torch import nn

from jupyter_sdt.runtime.modelparallel.pipeline.remote_call import Modules

RemoteCall = Callable[[int, int, tuple[Any, ...], dict[str, Any]], Any]
StageOf = dict[str, int]


def replace_remote(modules: Modules, stage_of: StageOf, stage: int, call: RemoteCall) -> None:
    """Make calls of modules that are not on ``stage`` remote ones, hooks and all.

    Neighbours in an nn.Sequential that are on one other stage are called together, as a module of
    their own, which ``modules`` and ``stage_of`` get on every stage.
    """
    for number, (name, module) in enumerate(zip(modules.names, modules.modules, strict=True)):
        if stage_of[name] != stage:
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

    def stage_of_child(child: nn.Module) -> int:
        return stage_of[modules.names[modules.numbers[child]]]

    for stage, children in groupby(cast("nn.Sequential", sequence), stage_of_child):
        run = list(children)
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
        return stage_of[modules.names[modules.numbers[module]]] == stage

    return {
        number
        for number, module in enumerate(modules.modules)
        if all(is_here(part) for part in module.modules())
    }


def _call(call: RemoteCall, number: int, stage: int, *arguments: Any, **named: Any) -> Any:
    return call(number, stage, arguments, named)
