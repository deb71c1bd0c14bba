"""Letting torch.load read NumPy's arrays, where a Trainer written before torch 2.6 expects it.

torch 2.6 began to refuse every class in a file but those it knows. transformers up to 4.46 saves
the state of NumPy's random numbers with its checkpoints, and could not resume from them. The
classes are those of an array of numbers, which later versions of transformers allow themselves.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from jupyter_sdt.runtime.late_import import when_imported


def allow_saved_arrays() -> None:
    """Allow them from the moment the script imports Hugging Face's Trainer."""
    when_imported("transformers.trainer", _allow)


def _allow(_: ModuleType) -> None:
    serialization: Any = import_module("torch.serialization")
    if hasattr(serialization, "add_safe_globals"):
        serialization.add_safe_globals(_classes())


def _classes() -> list[Any]:
    numpy: Any = import_module("numpy")
    core = getattr(numpy, "_core", None) or numpy.core
    dtypes = getattr(numpy, "dtypes", None)  # since NumPy 1.25
    return [
        core.multiarray._reconstruct,
        numpy.ndarray,
        numpy.dtype,
        type(numpy.dtype(numpy.uint32)) if dtypes is None else dtypes.UInt32DType,
    ]
