"""Calling functions of torch with TensorFlow's tensors, eagerly and inside ``tf.function``.

In a graph the calls happen in the order in which they were traced. TensorFlow would start them in
any order, and differently on each rank, whose collectives would then not belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from jupyter_sdt.compat._tensorflow.arrays import array_of, torch_copy
from jupyter_sdt.compat._tensorflow.framework import tf

# Arrays in, arrays out.
ArrayFunction = Callable[[list[Any]], list[Any]]
TorchFunction = Callable[[list[torch.Tensor]], list[torch.Tensor]]

_LAST = "_jupyter_sdt_last_call"


def through_arrays(
    function: ArrayFunction, tensors: Sequence[Any], kinds: Sequence[Any], shapes: Sequence[Any]
) -> list[Any]:
    """Return ``function(arrays)`` as tensors of the TensorFlow dtypes ``kinds``.

    The arrays may be views of TensorFlow's own memory: ``function`` leaves them as they are.
    ``shapes`` are the static shapes of the results, None where one is not known. In a graph, what
    ``function`` raises becomes an error of TensorFlow.
    """
    if tf.executing_eagerly():
        arrays = function([np.asarray(tensor) for tensor in tensors])
        return [
            tf.convert_to_tensor(array, dtype=kind)
            for array, kind in zip(arrays, kinds, strict=True)
        ]
    with _in_order() as remember:
        results: list[Any] = tf.numpy_function(
            lambda *arrays: function([np.asarray(array) for array in arrays]), tensors, list(kinds)
        )
        remember(results)
    for result, shape in zip(results, shapes, strict=True):
        result.set_shape(tf.TensorShape(shape))
    return results


def through_torch(
    function: TorchFunction, tensors: Sequence[Any], kinds: Sequence[Any], shapes: Sequence[Any]
) -> list[Any]:
    """As :func:`through_arrays` for a function of torch, which gets tensors of its own."""
    return through_arrays(
        lambda arrays: [
            array_of(result, kind.as_numpy_dtype)
            for result, kind in zip(
                function([torch_copy(array) for array in arrays]), kinds, strict=True
            )
        ],
        tensors,
        [tf.as_dtype(kind) for kind in kinds],
        shapes,
    )


@contextmanager
def _in_order() -> Iterator[Callable[[list[Any]], None]]:
    """Make what is traced inside wait for what was traced before, in one function's graph.

    Not in the graphs of version 1: there every fetch would bring all earlier calls along.
    """
    graph: Any = tf.compat.v1.get_default_graph()
    chained = graph.building_function
    last = getattr(graph, _LAST, None) if chained else None

    def remember(results: list[Any]) -> None:
        if chained and results:
            setattr(graph, _LAST, results[0].op)

    with tf.control_dependencies([] if last is None else [last]):
        yield remember
