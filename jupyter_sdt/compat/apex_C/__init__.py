"""apex_C: several tensors as one, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors


def flatten(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """All elements of the tensors, one tensor after the other, in one dimension."""
    flat: torch.Tensor = _flatten_dense_tensors(tensors)  # type: ignore[no-untyped-call]
    return flat


def unflatten(flat: torch.Tensor, tensors: Sequence[torch.Tensor]) -> Any:
    """Views of ``flat`` in the shapes of ``tensors``."""
    return _unflatten_dense_tensors(flat, tensors)  # type: ignore[no-untyped-call]
