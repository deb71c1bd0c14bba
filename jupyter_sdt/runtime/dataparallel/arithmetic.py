"""What AllReduce can do with numbers: ReduceOp and dtype -> a torch function with ``out=``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
import torch.distributed as dist

Combine = Callable[..., Any]

_FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
_INTEGERS = {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
_REDUCED = _FLOATS | _INTEGERS | {torch.bool}
_ANY: dict[Any, Combine] = {
    dist.ReduceOp.SUM: torch.add,
    dist.ReduceOp.PRODUCT: torch.mul,
    dist.ReduceOp.MIN: torch.minimum,
    dist.ReduceOp.MAX: torch.maximum,
}
_BITS: dict[Any, Combine] = {
    dist.ReduceOp.BAND: torch.bitwise_and,
    dist.ReduceOp.BOR: torch.bitwise_or,
    dist.ReduceOp.BXOR: torch.bitwise_xor,
}


def operation(op: Any) -> Any:
    """The plain enumerated value behind ``op``, or None for one with a factor of its own."""
    return next((known for known in (*_ANY, *_BITS, dist.ReduceOp.AVG) if op == known), None)


@cache
def combine(op: Any, dtype: torch.dtype) -> Combine | None:
    """The function of two tensors that ``op`` stands for; None where gloo shall decide.

    A mean is a sum here; the caller divides.
    """
    if dtype not in _REDUCED:
        return None
    if op == dist.ReduceOp.AVG:
        return torch.add if dtype in _FLOATS else None
    if op in _BITS:
        return None if dtype in _FLOATS else _BITS[op]
    return _ANY.get(op)


def fold(function: Combine, sources: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    """Combine ``sources`` from left to right into ``out``, which may be the first of them."""
    if len(sources) == 1:
        out.copy_(sources[0])
        return
    function(sources[0], sources[1], out=out)
    for source in sources[2:]:
        function(out, source, out=out)
