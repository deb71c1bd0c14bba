"""smdistributed.modelparallel.torch.utils: what published scripts take from there."""

from __future__ import annotations

import torch

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

__all__ = ["get_distribution_axis", "rmsg"]


def rmsg(message: object) -> str:
    """``message`` with the rank it comes from in front."""
    return f"[{world.current().rank}] {message}"


def get_distribution_axis(parameter: torch.Tensor) -> int | None:
    """The axis along which tensor-parallel ranks divide ``parameter``; None when they do not."""
    part = slice_of(parameter)
    return None if part is None else part.axis
