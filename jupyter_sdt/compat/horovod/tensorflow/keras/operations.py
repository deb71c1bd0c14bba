"""Operations on values, whose arguments stand in another order than in horovod.tensorflow.

https://horovod.readthedocs.io/en/stable/api.html#module-horovod.tensorflow.keras
"""

from __future__ import annotations

from typing import Any

from jupyter_sdt.compat._tensorflow.compression import Compression

from ...torch.reduction import ReduceOp
from .. import operations, spreading


def allreduce(
    value: Any,
    name: str | None = None,
    average: bool | None = None,
    prescale_factor: float = 1.0,
    postscale_factor: float = 1.0,
    op: ReduceOp | None = None,
    compression: Any = Compression.none,
) -> Any:
    """Return the reduction of a tensor or a number over all ranks. Raises ValueError."""
    return operations.allreduce(
        value,
        average,
        compression=compression,
        op=op,
        prescale_factor=prescale_factor,
        postscale_factor=postscale_factor,
        name=name,
    )


def allgather(value: Any, name: str | None = None) -> Any:
    """Return the values of all ranks, joined along the first dimension, which alone may differ."""
    return operations.allgather(value, name)


def broadcast(value: Any, root_rank: int, name: str | None = None) -> Any:
    """Return rank ``root_rank``'s value. Raises ValueError."""
    return operations.broadcast(value, root_rank, name)


def reducescatter(value: Any, name: str | None = None, op: ReduceOp | None = None) -> Any:
    """Return this rank's rows of the reduction; where they do not divide, the first have more."""
    return spreading.reducescatter(value, op=op, name=name)
