"""What an allreduce computes: the operation, factors before and after, and among which ranks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch
import torch.distributed as dist

from .adasum import adasum_
from .handles import started, wait
from .joining import announce_allreduce
from .process_sets import ProcessSet, global_process_set


class ReduceOp(Enum):
    """How the tensors of all ranks become one."""

    AVERAGE = "Average"
    SUM = "Sum"
    ADASUM = "Adasum"
    MIN = "Min"
    MAX = "Max"
    PRODUCT = "Product"


Average, Sum, Adasum = ReduceOp.AVERAGE, ReduceOp.SUM, ReduceOp.ADASUM
Min, Max, Product = ReduceOp.MIN, ReduceOp.MAX, ReduceOp.PRODUCT

# Names in torch.distributed.ReduceOp.
_TORCH_OPS = {
    Average: "SUM",
    Sum: "SUM",
    Min: "MIN",
    Max: "MAX",
    Product: "PRODUCT",
}


def choose_op(op: ReduceOp | None, average: bool | None = None) -> ReduceOp:
    """Return the operation that ``op`` or its older form ``average`` asks for.

    Raises ValueError for both at once and for an unknown one.
    """
    if op is not None and average is not None:
        raise ValueError("give either op= or the older average=, not both")
    if op is None:
        return Sum if average is False else Average
    if op not in _TORCH_OPS and op is not Adasum:
        raise ValueError(f"op={op!r} is none of hvd.Average, Sum, Adasum, Min, Max and Product")
    return op


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """One kind of allreduce. Factors multiply the input and the result; integers round down."""

    op: ReduceOp = Average
    prescale_factor: float = 1.0
    postscale_factor: float = 1.0
    process_set: ProcessSet = global_process_set

    def start(self, tensor: torch.Tensor) -> Any:
        """Begin to reduce a contiguous ``tensor`` in place; return torch's work, None when done."""
        self.process_set.check()
        scale(tensor, self.prescale_factor)
        if self.op is Adasum:
            adasum_(tensor, self.process_set)
            return None
        name = _TORCH_OPS[self.op]
        if self.process_set is global_process_set:
            announce_allreduce(tensor, name)
        op = getattr(dist.ReduceOp, name)
        return started(dist.all_reduce, tensor, op=op, group=self.process_set.group)

    def finish(self, tensor: torch.Tensor) -> torch.Tensor:
        """Make the result of what ``start`` reduced, in place."""
        scale(tensor, self.postscale_factor)
        if self.op is Average:
            exact = tensor.is_floating_point() or tensor.is_complex()
            tensor.div_(self.process_set.size(), rounding_mode=None if exact else "floor")
        return tensor

    def apply(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the reduced ``tensor``, a new one."""
        copy = tensor.detach().clone(memory_format=torch.contiguous_format)
        wait(self.start(copy))
        return self.finish(copy)

    def adjoint(self) -> Reduction:
        """What the gradients of the results have to go through. Raises NotImplementedError."""
        if self.op in (Average, Sum):
            return self
        raise NotImplementedError(f"allreduce with op=hvd.{self.op.value} has no gradient")


def scale(tensor: torch.Tensor, factor: float) -> None:
    """Multiply in place."""
    if factor == 1.0:
        return
    if tensor.is_floating_point() or tensor.is_complex():
        tensor.mul_(factor)
    else:
        tensor.copy_((tensor.double() * factor).floor())
