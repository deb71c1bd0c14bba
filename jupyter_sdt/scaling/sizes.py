"""Which world sizes a study may run, and what each of them gets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean


def check_world_sizes(world_sizes: Iterable[int], instance_count: int) -> tuple[int, ...]:
    """Return the sizes in ascending order, each once.

    Raises SpecError for an empty list, for what is not a positive whole number, and for a size
    that ``instance_count`` nodes cannot share evenly.
    """
    if not isinstance(world_sizes, Iterable) or not (given := set(world_sizes)):
        raise SpecError(
            f"world_sizes={world_sizes!r} must be a list of at least one, such as [1, 2]",
            argument="world_sizes",
        )
    sizes = tuple(sorted(given))
    for size in sizes:
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise SpecError(
                f"world_sizes holds {size!r}: each is a number of ranks, 1 or more",
                argument="world_sizes",
            )
        if size % instance_count:
            nearest = max(1, round(size / instance_count)) * instance_count
            raise SpecError(
                f"world_sizes holds {size}, which instance_count={instance_count} nodes cannot "
                f"share evenly: the nearest that can be is {nearest}",
                argument="world_sizes",
            )
    return sizes


def check_capacity(world_sizes: tuple[int, ...], available: int, what: str) -> None:
    """Raise SpecError when the largest size needs more than the ``available`` cores or GPUs.

    Ranks that take turns on a core measure the scheduler, not the script.
    """
    if world_sizes[-1] <= available:
        return
    fitting = [size for size in world_sizes if size <= available]
    instead = f"take world_sizes={fitting}, or " if fitting else ""
    raise SpecError(
        f"world_sizes={list(world_sizes)}: {world_sizes[-1]} ranks need {world_sizes[-1]} {what}, "
        f"this machine has {available} to give; {instead}say oversubscribe=True "
        "(--oversubscribe) to measure ranks that share them",
        argument="world_sizes",
    )


def divided_batch(
    hyperparameters: Mapping[str, Any], name: str, world_sizes: Iterable[int]
) -> dict[int, int]:
    """Return the per-replica batch for each world size so that the global batch stays the same.

    ``hyperparameters[name]`` is the global batch. Raises SpecError when there is no such whole
    number or a world size does not divide it.
    """
    if name not in hyperparameters:
        raise SpecError(
            f"batch_size_hyperparameter={name!r} is not among the hyperparameters "
            f"{sorted(hyperparameters)}{did_you_mean(name, hyperparameters)}",
            argument="batch_size_hyperparameter",
        )
    batch = hyperparameters[name]
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
        raise SpecError(
            f"hyperparameter {name}={batch!r} has to be a whole number of samples to be divided "
            "among the ranks",
            argument="batch_size_hyperparameter",
        )
    for size in world_sizes:
        if batch % size:
            raise SpecError(
                f"hyperparameter {name}={batch} cannot be divided among {size} ranks: strong "
                f"scaling keeps the global batch, so take {-(-batch // size) * size}",
                argument="batch_size_hyperparameter",
            )
    return {size: batch // size for size in world_sizes}
