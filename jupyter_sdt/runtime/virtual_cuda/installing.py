"""Making torch.cuda answer on the CPU, once in this process, unless a real GPU is there."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from multiprocessing import parent_process
from types import ModuleType
from typing import Any

from jupyter_sdt.runtime.process_environment import process_environment
from jupyter_sdt.runtime.virtual_cuda import (
    copies,
    devices,
    memory,
    profiling,
    properties,
    random_state,
    streams,
    virtual_device_count,
)
from jupyter_sdt.runtime.virtual_cuda.backends import install_backends
from jupyter_sdt.runtime.virtual_cuda.factories import install_factories
from jupyter_sdt.runtime.virtual_cuda.gathering import install_gathering
from jupyter_sdt.runtime.virtual_cuda.loading import install_loading
from jupyter_sdt.runtime.virtual_cuda.mixed_precision import install_mixed_precision
from jupyter_sdt.runtime.virtual_cuda.older_transformers import install_bf16_check
from jupyter_sdt.runtime.virtual_cuda.patching import provide, public
from jupyter_sdt.runtime.virtual_cuda.profiling import install_profiling
from jupyter_sdt.runtime.virtual_cuda.replicas import install_replicas
from jupyter_sdt.runtime.virtual_cuda.tensor_types import tensor_types
from jupyter_sdt.runtime.virtual_cuda.tensors import install_tensors
from jupyter_sdt.spec.variables import VIRTUAL_CUDA

_ROOMS = (devices, memory, profiling, properties, random_state, streams)
_COPYING = ("torch.nn.parallel.comm", "torch.cuda.comm")
_CHECK = "PYTORCH_NVML_BASED_CUDA_CHECK"


def install(torch: Any) -> bool:
    """Put everything in place and return True; leave a machine with a real GPU alone."""
    if _has_gpu(torch):
        return False
    _install_functions(torch.cuda)
    torch.Generator = random_state.Generator
    install_factories()
    install_tensors()
    install_mixed_precision()
    install_loading()
    install_backends()
    install_replicas()
    install_gathering()
    install_bf16_check()
    memory.begin()
    _tell()
    # All memory is pinned, in effect; DataLoader looks for an accelerator, and warns.
    warnings.filterwarnings("ignore", message="'pin_memory' argument is set as true")
    return True


def _tell() -> None:
    if process_environment().rank == 0 and parent_process() is None:
        sys.stderr.write(
            f"jupyter_sdt: no GPU here: torch.cuda answers on the CPU as {virtual_device_count()} "
            f"virtual device(s) ({VIRTUAL_CUDA}=1)\n"
        )


def _has_gpu(torch: Any) -> bool:
    # Asking CUDA itself would start its runtime, which does not survive a fork.
    before = os.environ.get(_CHECK)
    os.environ[_CHECK] = "1"
    found = bool(torch.cuda.is_available())
    if before is None:
        del os.environ[_CHECK]
    else:
        os.environ[_CHECK] = before
    return found


def _install_functions(cuda: ModuleType) -> None:
    """Our functions under torch.cuda and its parts, each a function object of its own."""
    parts = [import_module(f"torch.cuda.{name}") for name in ("random", "memory", "streams")]
    for room in _ROOMS:
        provide(public(room, room.NAMES), cuda, *parts)
    install_profiling(import_module("torch.cuda.nvtx"), import_module("torch.cuda.profiler"))
    provide(public(copies, copies.NAMES), *map(import_module, _COPYING))
    provide({"Gather": copies.Gather}, import_module("torch.nn.parallel.scatter_gather"))
    provide(tensor_types(), cuda)
    provide({"default_generators": random_state.default_generators()}, cuda)
