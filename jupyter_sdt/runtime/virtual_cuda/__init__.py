"""Virtual CUDA: torch.cuda answers on the CPU, for scripts that refuse to run without a GPU.

``SDT_VIRTUAL_CUDA=1`` asks for it; the launcher sets it where a job asks for GPUs that the machine
lacks. Device arguments that say "cuda" become the CPU, where tensors really are: ``Tensor.device``
goes on telling the truth. A machine whose torch finds a real GPU is never touched.

This file is read by every rank and must not import torch; the rest is loaded right after it.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

from jupyter_sdt.runtime.compat_path import show_compat_to_programs
from jupyter_sdt.runtime.late_import import when_imported
from jupyter_sdt.spec.variables import LOCAL_WORLD_SIZE, OMPI_LOCAL_SIZE, VIRTUAL_CUDA

__all__ = ["install_virtual_cuda", "virtual_cuda_answers", "virtual_device_count"]

_answers = False


def install_virtual_cuda() -> None:
    """If this process was asked to, make torch.cuda answer from the moment torch is imported.

    Python processes that this one starts do the same: spawned workers, and what a shell script
    starts.
    """
    if os.environ.get(VIRTUAL_CUDA) != "1":
        return
    show_compat_to_programs()
    when_imported("torch", _install)


def virtual_device_count() -> int:
    """How many devices there are: those of the node, one for each of its processes."""
    for name in ("SM_NUM_GPUS", LOCAL_WORLD_SIZE, OMPI_LOCAL_SIZE):
        text = os.environ.get(name, "")
        if text.isdecimal() and int(text):
            return int(text)
    return 1


def virtual_cuda_answers() -> bool:
    """Whether what torch.cuda says in this process is ours."""
    return _answers


def _install(torch: ModuleType) -> None:
    global _answers
    if not _answers:
        _answers = import_module(f"{__name__}.installing").install(torch)
