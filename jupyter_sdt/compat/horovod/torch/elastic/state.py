"""The state of a training: kept in memory by ``commit``, taken back by ``restore``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

from ..functions import (
    allgather_object,
    broadcast_object,
    broadcast_optimizer_state,
    broadcast_parameters,
)
from .commits import write_commit
from .sampler import ElasticSampler


class State:
    """What a state must be able to do; scripts may derive their own."""

    # How often this state was kept; a failure without progress since the last ends the training.
    commits = 0
    # Whether each rank keeps something of its own, beside what is rank 0's.
    has_own = False

    def __init__(self) -> None:
        self._reset_callbacks: list[Callable[[], None]] = []

    def register_reset_callbacks(self, callbacks: list[Callable[[], None]]) -> None:
        """Call these after a failure, before training goes on."""
        self._reset_callbacks.extend(callbacks)

    def on_reset(self) -> None:
        """Tell the script that training begins anew."""
        for callback in self._reset_callbacks:
            callback()

    def commit(self) -> None:
        """Keep the present state, to which ``restore`` returns."""
        self.save()
        self.commits += 1
        write_commit(self)
        self.check_host_updates()

    def check_host_updates(self) -> None:
        """Nodes do not come and go here: nothing to do."""

    def save(self) -> None:
        """Keep the present state."""
        raise NotImplementedError

    def restore(self) -> None:
        """Return to the state last kept."""
        raise NotImplementedError

    def sync(self) -> None:
        """Take over rank 0's state."""
        raise NotImplementedError


class ObjectState(State):
    """A state of plain values, each an attribute: ``ObjectState(batch=0, epoch=0)``."""

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self._names = list(values)
        self.__dict__.update(values)
        self._kept = self._values()

    def save(self) -> None:
        """Keep a copy of the present values."""
        self._kept = copy.deepcopy(self._values())

    def restore(self) -> None:
        """Return to the values last kept."""
        self.__dict__.update(copy.deepcopy(self._kept))

    def sync(self) -> None:
        """Take over rank 0's values, and keep them."""
        self.__dict__.update(broadcast_object(self._values()))
        self.save()

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names}


class TorchState(ObjectState):
    """Models, optimizers, and plain values: ``TorchState(model=net, optimizer=opt, epoch=0)``.

    Everything with a ``state_dict`` (also schedulers) is restored in place, and stays the object
    that the script holds.
    """

    def __init__(self, model: Any = None, optimizer: Any = None, **values: Any) -> None:
        given = {"model": model, "optimizer": optimizer, **values}
        self._stateful = {n: v for n, v in given.items() if hasattr(v, "state_dict")}
        self.has_own = any(isinstance(v, ElasticSampler) for v in self._stateful.values())
        super().__init__(**{n: v for n, v in given.items() if n not in self._stateful})
        self.__dict__.update(self._stateful)
        self._kept_states: dict[str, Any] = {}
        self._save_stateful()

    def save(self) -> None:
        """Keep copies of all states and values."""
        super().save()
        self._save_stateful()

    def restore(self) -> None:
        """Return to what was kept last."""
        super().restore()
        for name, value in self._stateful.items():
            if hasattr(value, "abandon_gradients"):
                value.abandon_gradients()
            value.load_state_dict(copy.deepcopy(self._kept_states[name]))

    def sync(self) -> None:
        """Take over rank 0's states and values, and keep them."""
        for value in self._stateful.values():
            _take_over(value)
        super().sync()

    def _save_stateful(self) -> None:
        self._kept_states = {
            name: copy.deepcopy(value.state_dict()) for name, value in self._stateful.items()
        }


def _take_over(value: Any) -> None:
    if isinstance(value, ElasticSampler):
        _join_processed(value)
        return
    if isinstance(value, torch.nn.Module):
        broadcast_parameters(value.state_dict(), root_rank=0)
    elif isinstance(value, torch.optim.Optimizer):
        broadcast_optimizer_state(value, root_rank=0)
    else:
        value.load_state_dict(broadcast_object(value.state_dict()))


def _join_processed(sampler: ElasticSampler) -> None:
    """What any rank has processed is processed; the epoch is rank 0's."""
    states = allgather_object(sampler.state_dict())
    processed = set[int]().union(*(state["processed_indices"] for state in states))
    sampler.load_state_dict({**states[0], "processed_indices": processed})
