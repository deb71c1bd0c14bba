"""Named states of the random numbers, as Megatron-LM introduced them (arXiv 1909.08053)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.hybrid import state


class RandomStates:
    """States that go on where they were left, each under its name."""

    def __init__(self) -> None:
        self._states: dict[str, Any] = {}

    def add(self, name: str, seed: int) -> None:
        """Begin a state with ``seed``. Raises SpecError when there is one of this name."""
        if name in self._states:
            raise SpecError(f"name={name!r}: there is such a state already", argument="name")
        with torch.random.fork_rng(_devices()):
            torch.manual_seed(seed)
            self._states[name] = _state()

    def get_states(self) -> dict[str, Any]:
        """A copy of all states, for a checkpoint."""
        return dict(self._states)

    def set_states(self, states: dict[str, Any]) -> None:
        """Take over what :meth:`get_states` gave."""
        self._states = dict(states)

    def reset(self) -> None:
        """Forget all states."""
        self._states = {}

    @contextmanager
    def fork(self, name: str = "model-parallel-rng") -> Iterator[None]:
        """Draw from the state ``name`` in this block. Raises SpecError where there is none."""
        if name not in self._states:
            raise SpecError(f"name={name!r}: add(name, seed) it first", argument="name")
        with torch.random.fork_rng(_devices()):
            _restore(self._states[name])
            yield
            self._states[name] = _state()


def _devices() -> list[torch.device]:
    device = state.current().device
    return [device] if device.type == "cuda" else []


def _state() -> list[torch.Tensor]:
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state(d) for d in _devices())]


def _restore(states: list[torch.Tensor]) -> None:
    torch.set_rng_state(states[0])
    for device, content in zip(_devices(), states[1:], strict=True):
        torch.cuda.set_rng_state(content, device)
