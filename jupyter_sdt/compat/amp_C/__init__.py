"""amp_C: apex's operations on lists of tensors, one tensor after the other.

``noop_flag`` becomes 1 where a result is not finite, as scripts that scale their loss expect.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

Lists = Sequence[Sequence[torch.Tensor]]


@torch.no_grad()
def multi_tensor_scale(
    chunk_size: int,  # noqa: ARG001 - the library's signature
    noop_flag: torch.Tensor,
    tensor_lists: Lists,
    scale: float,
) -> None:
    """The second list becomes the first times ``scale``."""
    for source, target in zip(*tensor_lists, strict=True):
        target.copy_(source.to(torch.promote_types(source.dtype, torch.float32)) * scale)
        _note(noop_flag, target)


@torch.no_grad()
def multi_tensor_axpby(
    chunk_size: int,  # noqa: ARG001
    noop_flag: torch.Tensor,
    tensor_lists: Lists,
    a: float,
    b: float,
    arg_to_check: int = -1,
) -> None:
    """The third list becomes a x first + b x second; ``arg_to_check`` says whose values count."""
    for x, y, target in zip(*tensor_lists, strict=True):
        target.copy_(a * x.float() + b * y.float())
        for position, tensor in enumerate((x, y)):
            if arg_to_check in {-1, position}:
                _note(noop_flag, tensor)


@torch.no_grad()
def multi_tensor_l2norm(
    chunk_size: int,  # noqa: ARG001
    noop_flag: torch.Tensor,  # noqa: ARG001
    tensor_lists: Lists,
    per_tensor: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The norm of all tensors together, as one element, and with ``per_tensor`` of each."""
    norms = [tensor.float().norm() for tensor in tensor_lists[0]]
    each = torch.stack(norms) if norms else torch.zeros(0)
    return each.norm().reshape(1), each if per_tensor else torch.zeros(0)


def _note(flag: torch.Tensor, tensor: torch.Tensor) -> None:
    if not torch.isfinite(tensor).all():
        flag.fill_(1)
