"""Modules of other stages, replaced where they would be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from jupyter_sdt.runtime.modelparallel.pipeline.remote_call import Modules

RemoteCall = Callable[[int, int, tuple[Any, ...], dict[str, Any]], Any]


def replace_remote(
    modules: Modules, stage_of: Mapping[str, int], stage: int, call: RemoteCall
) -> None:
    """Make calls of modules that are not on ``stage`` remote ones, hooks and all."""
    for number, (name, module) in enumerate(zip(modules.names, modules.modules, strict=True)):
        if stage_of[name] != stage:
            stub = partial(_call, call, number, stage_of[name])
            # nn.Module.__call__ prefers this one to forward() with its hooks, which run on the
            # module's own stage.
            module._compiled_call_impl = stub
            module.forward = stub


def self_contained(modules: Modules, stage_of: Mapping[str, int], stage: int) -> set[int]:
    """Modules that are on ``stage`` together with everything below them."""
    alone: set[int] = set()
    for number in reversed(range(len(modules.modules))):  # what is below comes later
        below = (modules.numbers[child] for child in modules.modules[number].children())
        if stage_of[modules.names[number]] == stage and alone.issuperset(below):
            alone.add(number)
    return alone


def _call(call: RemoteCall, number: int, stage: int, *arguments: Any, **named: Any) -> Any:
    return call(number, stage, arguments, named)
