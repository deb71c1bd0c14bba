"""Random numbers: virtual devices draw from torch's generator on the CPU, the only one there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from jupyter_sdt.runtime.virtual_cuda import virtual_device_count
from jupyter_sdt.runtime.virtual_cuda.devices import index_of, on_cpu


class _AnyGenerator(type(torch._C.Generator)):  # type: ignore[misc]
    """Also a generator that torch made is an instance."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, torch._C.Generator)


class Generator(torch._C.Generator, metaclass=_AnyGenerator):
    """``torch.Generator`` that takes "cuda" for its device."""

    def __new__(cls, device: Any = "cpu") -> Generator:
        """Make a generator on the CPU."""
        return super().__new__(cls, on_cpu(device))  # type: ignore[call-arg]

    def __init__(self, device: Any = "cpu") -> None:
        pass


# torch.cuda's own, under their names.


def manual_seed(seed: int) -> None:
    """Seed the current device's generator."""
    torch.default_generator.manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices."""
    torch.default_generator.manual_seed(int(seed))


def seed() -> None:
    """Seed from the system's randomness."""
    torch.default_generator.seed()


def seed_all() -> None:
    """Seed all devices from the system's randomness."""
    torch.default_generator.seed()


def initial_seed() -> int:
    """The seed that counts now."""
    return torch.default_generator.initial_seed()


def get_rng_state(device: Any = "cuda") -> torch.Tensor:
    """The state of the generator."""
    index_of(device)
    return torch.default_generator.get_state()


def get_rng_state_all() -> list[torch.Tensor]:
    """One state for each device; they are equal."""
    return [get_rng_state(index) for index in range(virtual_device_count())]


def set_rng_state(new_state: torch.Tensor, device: Any = "cuda") -> None:
    """Put the generator into a state."""
    index_of(device)
    torch.default_generator.set_state(new_state)


def set_rng_state_all(new_states: Iterable[torch.Tensor]) -> None:
    """Put the generator into the state of the current device."""
    states = list(new_states)
    if states:
        set_rng_state(states[min(index_of(), len(states) - 1)])


def default_generators() -> tuple[Any, ...]:
    """``torch.cuda.default_generators``: each device's."""
    return (torch.default_generator,) * virtual_device_count()


NAMES = (
    *("manual_seed", "manual_seed_all", "seed", "seed_all", "initial_seed"),
    *("get_rng_state", "get_rng_state_all", "set_rng_state", "set_rng_state_all"),
)
