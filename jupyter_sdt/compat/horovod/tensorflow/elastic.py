"""horovod.tensorflow.elastic: variables that survive a failed collective."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ..common.exceptions import HorovodInternalError
from ..torch.elastic.running import run as _run
from ..torch.elastic.state import ObjectState, State
from .functions import broadcast_variables

__all__ = ["ObjectState", "State", "TensorFlowKerasState", "TensorFlowState", "run"]


def run(function: Callable[..., Any]) -> Callable[..., Any]:
    """As ``horovod.torch.elastic.run``, also for failures inside ``tf.function``.

    There TensorFlow makes an error of its own of a HorovodInternalError.
    """

    @functools.wraps(function)
    def telling(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except tf.errors.OpError as error:
            if HorovodInternalError.__name__ not in str(error):
                raise
            raise HorovodInternalError(str(error)) from error

    return _run(telling)


class TensorFlowState(ObjectState):
    """Variables and plain values: ``TensorFlowState(variables=model.variables, batch=0)``."""

    def __init__(self, variables: Any = None, session: Any = None, **values: Any) -> None:
        del session
        self._given_variables = list(variables or ())
        super().__init__(**values)
        self._kept_variables = self._variable_values()

    def save(self) -> None:
        """Keep copies of all variables and values."""
        super().save()
        self._kept_variables = self._variable_values()

    def restore(self) -> None:
        """Return to what was kept last."""
        super().restore()
        # What came later, as an optimizer's, has nothing to return to.
        for variable, value in zip(self._variables(), self._kept_variables, strict=False):
            variable.assign(value)

    def sync(self) -> None:
        """Take over rank 0's variables and values, and keep them."""
        broadcast_variables(self._variables(), root_rank=0)
        super().sync()

    def _variables(self) -> list[Any]:
        return self._given_variables

    def _variable_values(self) -> list[Any]:
        return [variable.numpy() for variable in self._variables()]


class TensorFlowKerasState(TensorFlowState):
    """A model, its optimizer and plain values: ``TensorFlowKerasState(model, optimizer, epoch=0)``.

    Without an ``optimizer`` it is the model's.
    """

    def __init__(
        self, model: Any, optimizer: Any = None, backend: Any = None, **values: Any
    ) -> None:
        del backend
        self.model = model
        self.optimizer: Any = optimizer or getattr(model, "optimizer", None)
        super().__init__(**values)

    def restore(self) -> None:
        """Return to what was kept last, also with an optimizer that has not stepped yet."""
        if len(self._kept_variables) > len(self._variables()) and hasattr(self.optimizer, "build"):
            self.optimizer.build(self.model.trainable_variables)
        super().restore()

    def _variables(self) -> list[Any]:
        found = getattr(self.optimizer, "variables", ())
        mine = found() if callable(found) else found
        return [v for v in (*self.model.variables, *mine) if hasattr(v, "assign")]
