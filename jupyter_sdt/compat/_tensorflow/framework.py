"""TensorFlow itself, which only the extra ``tensorflow`` brings; imported as ``tf`` from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

try:
    import tensorflow as tf
except ModuleNotFoundError as error:
    if error.name != "tensorflow":
        raise
    raise ModuleNotFoundError(
        "TensorFlow is not installed here, and the TensorFlow front ends of horovod and "
        "smdistributed need it: pip install 'jupyter-sdt[tensorflow]'",
        name="tensorflow",
    ) from error

__all__ = ["not_converted", "tf"]

Function = TypeVar("Function", bound=Callable[..., Any])


def not_converted(function: Function) -> Function:
    """Keep AutoGraph from rewriting ``function`` and all that it calls.

    Inside ``tf.function`` it would read the source of each, and make other code of it.
    """
    kept: Function = tf.autograph.experimental.do_not_convert(function)
    return kept
