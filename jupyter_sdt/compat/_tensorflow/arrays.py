"""NumPy's arrays and torch's tensors in the same memory, bfloat16 among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

# Known to NumPy by name alone; between it and torch such a type goes as integers of its size.
_BFLOAT16 = "bfloat16"


def torch_copy(array: Any) -> torch.Tensor:
    """A tensor with the values of ``array`` and memory of its own."""
    made = torch.empty(array.shape, dtype=torch_dtype(array.dtype))
    array_of(made, array.dtype)[...] = array
    return made


def torch_dtype(kind: Any) -> torch.dtype:
    """Torch's name for a dtype of NumPy. Raises TypeError for what cannot travel, as strings."""
    name = np.dtype(kind).name
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise TypeError(f"tensors of {name} cannot travel between ranks; numbers and bool can")
    return found


def array_of(tensor: torch.Tensor, kind: Any) -> Any:
    """The memory of ``tensor`` as an array of NumPy's dtype ``kind``, which is its own."""
    if np.dtype(kind).name == _BFLOAT16:
        return tensor.detach().view(torch.int16).numpy().view(kind)
    return tensor.detach().numpy()
