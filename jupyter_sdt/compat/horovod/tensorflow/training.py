"""DistributedGradientTape and DistributedOptimizer: gradients of all ranks for TensorFlow."""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.gradients import BUCKET_BYTES, GradientReduction
from jupyter_sdt.compat._tensorflow.local_variables import LocalVariables, variables_of
from jupyter_sdt.compat._tensorflow.optimizer import Passes, distributed_optimizer
from jupyter_sdt.compat._tensorflow.tape import distributed_tape
from jupyter_sdt.runtime.dataparallel import expect

from ..torch import allgather
from ..torch.handles import wait
from ..torch.optimizer import gradient_reduction
from ..torch.process_sets import ProcessSet, global_process_set
from ..torch.reduction import Adasum, Average, ReduceOp


def DistributedGradientTape(  # noqa: N802, PLR0913, PLR0917 - Horovod's name and signature
    gradtape: Any,
    device_dense: str = "",
    device_sparse: str = "",
    compression: Any = Compression.none,
    sparse_as_dense: bool = False,
    op: ReduceOp = Average,
    gradient_predivide_factor: float = 1.0,
    num_groups: int = 0,
    groups: Any = None,
    process_set: ProcessSet = global_process_set,
    scale_local_gradients: bool = True,
) -> Any:
    """Return a ``tf.GradientTape`` that goes on where ``gradtape`` is, for all ranks' gradients.

    ``tape.register_local_source(variable)`` leaves that variable's gradient on its rank, divided by
    their number if ``scale_local_gradients``. Devices, ``num_groups`` and ``groups`` are hints and
    have no effect. Raises ValueError for an ``op`` other than Average, Sum and Adasum.
    """
    del device_dense, device_sparse, num_groups, groups
    reduction = _reduction(op, gradient_predivide_factor, process_set, compression, sparse_as_dense)
    return distributed_tape(
        gradtape, reduction, local_variables(scale_local_gradients, process_set)
    )


def PartialDistributedGradientTape(  # noqa: N802 - Horovod's name
    gradtape: Any, *arguments: Any, local_layers: Any = (), **named: Any
) -> Any:
    """As :func:`DistributedGradientTape`, but for the gradients of ``local_layers``.

    A layer of Keras or several, whose variables every rank trains by itself.
    """
    tape = DistributedGradientTape(gradtape, *arguments, **named)
    for variable in variables_of(local_layers or ()):
        tape.register_local_source(variable)
    return tape


def DistributedOptimizer(  # noqa: N802, PLR0913, PLR0917 - Horovod's name and signature
    optimizer: Any,
    name: str | None = None,
    use_locking: bool = False,
    device_dense: str = "",
    device_sparse: str = "",
    compression: Any = Compression.none,
    sparse_as_dense: bool = False,
    backward_passes_per_step: int = 1,
    op: ReduceOp = Average,
    gradient_predivide_factor: float = 1.0,
    average_aggregated_gradients: bool = False,
    num_groups: int = 0,
    groups: Any = None,
    process_set: ProcessSet = global_process_set,
    scale_local_gradients: bool = True,
) -> Any:
    """Return an optimizer of the same class and settings that steps with all ranks' gradients.

    Optimizers of Keras and of tf.compat.v1.train will do. Over ``backward_passes_per_step`` calls
    (of Keras' optimizers only) gradients add up first. ``optimizer.register_local_var(variable)``
    leaves a variable's gradient on its rank. Raises ValueError as the tape, and for Adasum, which
    Horovod's optimizers of Keras do not know either.
    """
    del name, use_locking, device_dense, device_sparse, num_groups, groups
    if op is Adasum:
        raise ValueError("op=hvd.Adasum is for hvd.DistributedGradientTape, not for optimizers")
    return distributed_optimizer(
        optimizer,
        _reduction(op, gradient_predivide_factor, process_set, compression, sparse_as_dense),
        passes=Passes(number=backward_passes_per_step, is_mean=average_aggregated_gradients),
        local=local_variables(scale_local_gradients, process_set),
    )


def local_variables(is_scaled: bool, process_set: ProcessSet) -> LocalVariables:
    """A place for variables whose gradients do not travel."""
    return LocalVariables(divisor=process_set.size() if is_scaled else 1)


def _reduction(
    op: ReduceOp,
    predivide: float,
    process_set: ProcessSet,
    compression: Any,
    sparse_as_dense: bool,
) -> GradientReduction:
    reduction = gradient_reduction(op, predivide, process_set)

    def reduce(tensor: torch.Tensor) -> None:
        wait(reduction.start(tensor))
        reduction.finish(tensor)

    def gather(rows: torch.Tensor) -> torch.Tensor:
        if op is Adasum:
            raise ValueError("op=hvd.Adasum needs dense gradients: give sparse_as_dense=True")
        return allgather(rows, process_set=process_set)

    return GradientReduction(
        reduce=reduce,
        gather=gather,
        expect=lambda tensor: expect(tensor, process_set.group),
        divisor=process_set.size() if op is Average else 1,
        compression=compression,
        sparse_as_dense=sparse_as_dense,
        # Adasum looks at each gradient as a whole: each has a bucket of its own.
        bucket_bytes=1 if op is Adasum else BUCKET_BYTES,
    )
