"""Modules of other stages, replaced where they would be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from jupyter_sdt.runtime.modelparallel.pipeline.remote_call import Modules

RemoteCall = Callable[[int, int, tuple[Any, ...], dict[str, Any]], Any]


class Stubs:
    """Makes calls of modules of other stages remote, hooks and all."""

    def __init__(
        self, modules: Modules, stage_of: Mapping[str, int], stage: int, call: RemoteCall
    ) -> None:
        self._modules = modules
        for number, name in enumerate(modules.names):
            if stage_of[name] != stage:
                self._replace(modules.modules[number], partial(_call, call, number, stage_of[name]))

    def original(self, number: int) -> Callable[..., Any]:
        """The module's own call."""
        return self._modules.modules[number]

    @staticmethod
    def _replace(module: nn.Module, stub: Callable[..., Any]) -> None:
        # nn.Module.__call__ prefers this one to forward() with its hooks, which run on the
        # module's own stage.
        module._compiled_call_impl = stub
        module.forward = stub


def _call(call: RemoteCall, number: int, stage: int, *arguments: Any, **named: Any) -> Any:
    return call(number, stage, arguments, named)
