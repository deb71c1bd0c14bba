"""What scripts for TensorFlow 2.15 and older say otherwise than Keras 3.

The front ends are met in scripts of that time. https://keras.io/guides/migrating_to_keras_3/
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from jupyter_sdt.compat._tensorflow.framework import tf


class _Variables(list[Any]):
    """An optimizer's variables, which were a method until they became a property."""

    def __call__(self) -> list[Any]:
        """Return them, for ``optimizer.variables()``."""
        return self


@functools.cache
def let_older_scripts_run() -> None:
    """Let Keras 3 take what Keras 2 took: it refuses all of this.

    ``optimizer.variables()``, ``optimizer.lr``, ``Adam(lr=...)``,
    ``model.compile(experimental_run_tf_function=False)`` and ``model.save("a/folder")``.
    """
    optimizer = tf.keras.optimizers.Optimizer
    if not hasattr(optimizer, "apply"):  # Keras 2 itself
        return
    read = _owner(optimizer, "variables").variables.fget
    _owner(optimizer, "variables").variables = property(lambda self: _Variables(read(self)))
    optimizer.lr = property(
        lambda self: self.learning_rate, lambda self, rate: setattr(self, "learning_rate", rate)
    )
    _wrap(optimizer, "__init__", _with_long_rate)
    _wrap(tf.keras.Model, "compile", _without_switch)
    _wrap(tf.keras.Model, "save", _into_folder)


def _with_long_rate(given: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    if "lr" in named:
        named["learning_rate"] = named.pop("lr")
    return given(*arguments, **named)


def _without_switch(given: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    # It made Keras of TensorFlow 2.0 call the optimizer that Horovod had wrapped.
    named.pop("experimental_run_tf_function", None)
    return given(*arguments, **named)


def _into_folder(given: Callable[..., Any], model: Any, filepath: Any, **named: Any) -> Any:
    """A path without a suffix was a folder with a SavedModel."""
    if PurePath(filepath).suffix:
        return given(model, filepath, **named)
    return model.export(str(filepath), verbose=False)


def _wrap(kind: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Let ``wrapper``, called with the given method first, stand in for the method."""
    owner = _owner(kind, name)
    given = vars(owner)[name]

    @functools.wraps(given)
    def method(*arguments: Any, **named: Any) -> Any:
        return wrapper(given, *arguments, **named)

    setattr(owner, name, method)


def _owner(kind: Any, name: str) -> Any:
    return next(base for base in kind.__mro__ if name in vars(base))
