"""accelerate's gather: its versions before 0.28 refuse tensors that do not say "cuda"."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from jupyter_sdt.runtime.late_import import when_imported
from jupyter_sdt.runtime.virtual_cuda.devices import CPU


def install_gathering() -> None:
    """Let tensors be gathered from where they really are."""
    when_imported("accelerate.utils.operations", _patch)


def _patch(module: ModuleType) -> None:
    names: dict[str, Any] = vars(module)
    if "not on the GPU" in inspect.getsource(names["_gpu_gather"]):
        original = names["PartialState"]
        names["PartialState"] = lambda *given, **named: _OnCpu(original(*given, **named))


class _OnCpu:
    """accelerate's state of this process, but for the device."""

    device = CPU

    def __init__(self, state: Any) -> None:
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)
