"""What scripts for TensorFlow 2.10 and older say otherwise than Keras 3."""

from __future__ import annotations

from typing import Any

from jupyter_sdt.compat._tensorflow.framework import tf


class _Variables(list[Any]):
    """An optimizer's variables, which were a method until they became a property."""

    def __call__(self) -> list[Any]:
        """Return them, for ``optimizer.variables()``."""
        return self


def let_variables_be_called() -> None:
    """Let ``optimizer.variables()`` mean ``optimizer.variables`` where that is a property."""
    owner = next(
        kind for kind in tf.keras.optimizers.Optimizer.__mro__ if "variables" in vars(kind)
    )
    given = vars(owner)["variables"]
    if isinstance(given, property) and given.fget is not None:
        read = given.fget
        owner.variables = property(lambda optimizer: _Variables(read(optimizer)))
