"""TensorFlow itself, which only the extra ``tensorflow`` brings; imported as ``tf`` from here."""

from __future__ import annotations

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

__all__ = ["tf"]
