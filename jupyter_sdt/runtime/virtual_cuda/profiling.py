"""Marks for NVIDIA's profilers: accepted, and nobody sees them. torch's profiler sees the CPU."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch.autograd.profiler import emit_nvtx, profile

from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap

_SUCCESS = 0


class QuietNvtx:
    """What torch.cuda.nvtx calls: depths of ranges are counted, nothing is recorded."""

    def __init__(self) -> None:
        self._depth = 0

    def rangePushA(self, _message: str) -> int:  # noqa: N802 - NVTX's names
        """Begin a range; returns its depth from 0."""
        self._depth += 1
        return self._depth - 1

    def rangePop(self) -> int:  # noqa: N802
        """End the innermost range; returns its depth."""
        self._depth = max(self._depth - 1, 0)
        return self._depth

    def rangeStartA(self, _message: str) -> int:  # noqa: N802
        """Begin a range that may overlap others; returns its handle."""
        return 0

    def rangeEnd(self, _handle: int) -> None:  # noqa: N802
        """End it."""

    def markA(self, _message: str) -> None:  # noqa: N802
        """A moment."""


class QuietRuntime:
    """``torch.cuda.cudart()``: the profiler's switches, which return success."""

    def cudaProfilerStart(self) -> int:  # noqa: N802 - CUDA's names
        """Begin to record."""
        return _SUCCESS

    def cudaProfilerStop(self) -> int:  # noqa: N802
        """Stop recording."""
        return _SUCCESS


_runtime = QuietRuntime()


def cudart() -> QuietRuntime:
    """The CUDA runtime, as far as scripts use it."""
    return _runtime


def check_error(res: int) -> None:
    """There are no errors."""


def install_profiling(nvtx: ModuleType, profiler: ModuleType) -> None:
    """Give the modules of torch.cuda what they call."""
    quiet: Any = QuietNvtx()
    nvtx._nvtx = quiet  # type: ignore[attr-defined]
    profiler.start = _start  # type: ignore[attr-defined]
    profiler.stop = _stop  # type: ignore[attr-defined]
    wrap(profile, "__init__", _of_the_cpu)
    wrap(emit_nvtx, "__init__", _switched_off)


def _of_the_cpu(original: Function) -> Function:
    """What a profile tells of the CPU is all there is: CUDA's events cannot be recorded."""

    def begin(self: Any, *arguments: Any, **options: Any) -> None:
        options.pop("use_cuda", None)
        if options.get("use_device") == "cuda":
            options["use_device"] = None
        original(self, *arguments, **options)

    return begin


def _switched_off(original: Function) -> Function:
    def begin(self: Any, *_: Any, **__: Any) -> None:
        original(self, enabled=False)

    return begin


def _start() -> None:
    """Begin to record."""


def _stop() -> None:
    """Stop recording."""


NAMES = ("cudart", "check_error")
