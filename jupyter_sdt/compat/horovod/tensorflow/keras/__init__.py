"""horovod.tensorflow.keras, also under the name horovod.keras: Horovod for ``model.fit``.

Written from Horovod's documentation (https://horovod.readthedocs.io/en/stable/keras.html).
"""

from __future__ import annotations

from typing import Any, NoReturn

import tensorflow as tf

from jupyter_sdt.compat._tensorflow.compression import Compression
from jupyter_sdt.compat._tensorflow.local_variables import variables_of

from ...torch.process_sets import ProcessSet, global_process_set
from ...torch.reduction import Average, ReduceOp
from .. import mpi_ops
from .. import training as _training
from ..functions import (
    allgather_object,
    broadcast_global_variables,
    broadcast_object,
    broadcast_variables,
)
from ..mpi_ops import *  # noqa: F403
from . import callbacks, elastic
from .operations import (  # type: ignore[assignment]  # they stand in for those above
    allgather,
    allreduce,
    broadcast,
    reducescatter,
)

__all__ = [  # noqa: PLE0604
    "Compression",
    "DistributedOptimizer",
    "PartialDistributedOptimizer",
    "allgather",
    "allgather_object",
    "allreduce",
    "broadcast",
    "broadcast_global_variables",
    "broadcast_object",
    "broadcast_variables",
    "callbacks",
    "elastic",
    "load_model",
    "reducescatter",
    *mpi_ops.__all__,
]


def DistributedOptimizer(  # noqa: N802, PLR0913, PLR0917 - Horovod's name and signature
    optimizer: Any,
    name: str | None = None,
    device_dense: str = "",
    device_sparse: str = "",
    compression: Any = Compression.none,
    sparse_as_dense: bool = False,
    gradient_predivide_factor: float = 1.0,
    op: ReduceOp = Average,
    num_groups: int = 0,
    groups: Any = None,
    backward_passes_per_step: int = 1,
    average_aggregated_gradients: bool = False,
    process_set: ProcessSet = global_process_set,
    scale_local_gradients: bool = True,
) -> Any:
    """As ``horovod.tensorflow.DistributedOptimizer``, with the arguments in Keras' order."""
    del name, device_dense, device_sparse, num_groups, groups
    return _training.DistributedOptimizer(
        optimizer,
        compression=compression,
        sparse_as_dense=sparse_as_dense,
        backward_passes_per_step=backward_passes_per_step,
        op=op,
        gradient_predivide_factor=gradient_predivide_factor,
        average_aggregated_gradients=average_aggregated_gradients,
        process_set=process_set,
        scale_local_gradients=scale_local_gradients,
    )


def PartialDistributedOptimizer(  # noqa: N802 - Horovod's name
    optimizer: Any, *arguments: Any, local_layers: Any = (), **named: Any
) -> Any:
    """As :func:`DistributedOptimizer`, but for the gradients of ``local_layers``.

    A layer of Keras or several, whose variables every rank trains by itself.
    """
    made = DistributedOptimizer(optimizer, *arguments, **named)
    for variable in variables_of(local_layers or ()):
        made.register_local_var(variable)
    return made


def load_model(
    filepath: str,
    custom_optimizers: Any = None,
    custom_objects: Any = None,
    compression: Any = Compression.none,
    legacy_opts: bool = False,
) -> Any:
    """Load a model of Keras whose optimizer, with its state, becomes a DistributedOptimizer.

    ``legacy_opts`` has no effect: optimizers of any Keras will do.
    """
    del legacy_opts
    known = {kind.__name__: kind for kind in custom_optimizers or ()} | dict(custom_objects or {})
    model = tf.keras.models.load_model(filepath, custom_objects=known)
    loaded = model.optimizer
    optimizer = DistributedOptimizer(loaded, compression=compression)
    optimizer.build(model.trainable_variables)
    for variable, value in zip(optimizer.variables, loaded.variables, strict=True):
        variable.assign(value)
    model.optimizer = optimizer
    return model


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"horovod.tensorflow.keras has no {name!r} in jupyter_sdt's version of it; docs/compat.md "
        "lists what there is"
    )
