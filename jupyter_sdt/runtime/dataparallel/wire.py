"""Sums between nodes: started, and waited for later, in 32 or in 16 bits."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch._C import _distributed_c10d as c10d

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.variables import WIRE_DTYPE

Finish = Callable[[], None]

_DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
# gloo knows no bool; as bytes 0 and 1, these are its "or" and "and".
_OF_BOOLS = {
    dist.ReduceOp.SUM: dist.ReduceOp.MAX,
    dist.ReduceOp.PRODUCT: dist.ReduceOp.MIN,
}


class Wire:
    """AllReduce among the ranks with one place on all nodes, through ``across`` (gloo).

    ``dtype`` is what float32 becomes on its way; None for what it is. At first it is what the
    variable SDT_WIRE_DTYPE says. Raises SpecError for one that is not known.
    """

    def __init__(self, across: Any) -> None:
        self._across = across
        self.dtype = wire_dtype(os.environ.get(WIRE_DTYPE, "float32"))

    def start(self, part: torch.Tensor, op: Any) -> Finish:
        """Begin to combine ``part``; the result is there once what is returned has been called."""
        options: Any = c10d.AllreduceOptions()
        options.reduceOp = dist.ReduceOp.SUM if op == dist.ReduceOp.AVG else op
        if part.dtype == torch.bool:
            part, options.reduceOp = part.view(torch.uint8), _OF_BOOLS.get(op, op)
        sums = op in {dist.ReduceOp.SUM, dist.ReduceOp.AVG}
        if self.dtype is None or part.dtype != torch.float32 or not sums:
            work = self._across.allreduce([part], options)
            return lambda: work.wait() and None
        short = part.to(self.dtype)
        work = self._across.allreduce([short], options)

        def finish() -> None:
            work.wait()
            part.copy_(short)

        return finish


def wire_dtype(name: str) -> torch.dtype | None:
    """The dtype of that name, None for float32. Raises SpecError."""
    if name not in _DTYPES:
        raise SpecError(
            f"{WIRE_DTYPE}={name!r} must be one of {', '.join(_DTYPES)}", argument=WIRE_DTYPE
        )
    return _DTYPES[name]
